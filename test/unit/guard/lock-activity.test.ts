// What counts on a terminal that is locked, or was.
import { expect, test } from "vitest";
import type { Evidence } from "../../../src/activity/evidence.ts";
import { withLocks } from "../../../src/guard/lock-activity.ts";
import type { SubjectMemory } from "../../../src/guard/memory.ts";
import type { LockRecord } from "../../../src/lock/record.ts";

const NOW_MS = 1_000_000;
const SINCE_MS = 900_000;
const id = "pts/3";
const subject = (atMs: number, source: Evidence["source"] = "input"): SubjectMemory => ({
  lastActivity: { source, atMs, detail: "seen" },
  baseline: { bootMs: NOW_MS, job: {} },
  input: { accessedWallS: 5, unreadBytes: [], atMs },
});
const locks = { [id]: { number: 3, sinceMs: SINCE_MS } as LockRecord };

/** The last activity of the terminal after a look that found something at `atMs`. */
function after(atMs: number, isLocked: boolean, memory: Parameters<typeof withLocks>[2]) {
  return withLocks({ [id]: subject(atMs, "busy") }, isLocked ? locks : {}, memory, NOW_MS)[id];
}

test("what is found while it is locked does not count, whatever it is", () => {
  const memory = { subjects: { [id]: subject(700_000) }, locked: [id] };
  const seen = after(NOW_MS, true, memory);
  expect(seen?.lastActivity).toMatchObject({ source: "input", atMs: 700_000 });
  expect(seen?.besideUse).toEqual(seen?.lastActivity);
  // What the next look compares with is of this look.
  expect(seen?.input?.atMs).toBe(NOW_MS);
});

test("at the first look after the lock, what came before it counts", () => {
  expect(after(800_000, true, { subjects: {} })?.lastActivity.atMs).toBe(800_000);
  expect(after(NOW_MS, true, { subjects: {} })?.lastActivity.atMs).toBe(SINCE_MS);
  // A key that was typed after the last look, before the lock.
  expect(after(890_000, true, { subjects: { [id]: subject(100_000) } })?.lastActivity.atMs).toBe(890_000);
});

test("to unlock is activity, once", () => {
  const before = { subjects: { [id]: subject(700_000) }, locked: [id] };
  expect(after(700_000, false, before)).toMatchObject({
    lastActivity: { source: "unlock", atMs: NOW_MS },
    besideUse: { source: "unlock", atMs: NOW_MS },
  });
  expect(after(700_000, false, { ...before, locked: [] })?.lastActivity.atMs).toBe(700_000);
});

test("another terminal is not concerned, nor is one where nothing is locked", () => {
  const memory = { subjects: {}, locked: [id] };
  const other = { "pts/4": subject(950_000) };
  expect(withLocks(other, locks, memory, NOW_MS)).toEqual(other);
  expect(withLocks(other, undefined, { subjects: {} }, NOW_MS)).toEqual(other);
});
