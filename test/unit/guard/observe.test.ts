// What a look comes to, terminal by terminal, and what is kept for the next one.
import { expect, test } from "vitest";
import { BLANK, type Memory } from "../../../src/guard/memory.ts";
import { interpret, LOGIN_SUBJECT, type Seen } from "../../../src/guard/observe.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { counters } from "../../support/counters.ts";
import { ALICE, policyOf } from "../../support/hosts.ts";

const S = 1_000;
const NOW_MS = 900 * S;
const WALL_MS = 1_700_000_000 * S;
const id = "pts/1:4712-20";
/** It was opened 10 s before the end of the first minute: field 22 of proc_pid_stat(5) counts hundredths. */
const terminal = {
  id,
  leader: { pid: 4712, startTicks: 5_000 },
  foregroundJob: [],
} as unknown as Terminal;
const login = { ...ALICE, startedBootMs: 20 * S };

/** A look at one terminal, last read and written at times of the boot clock. */
function seenAt(
  bootMs: number,
  { readMs = 0, cpuMs = 0, ...parts }: Partial<Seen> & { readMs?: number; cpuMs?: number } = {},
): Seen {
  const face = {
    id,
    accessedWallS: Math.floor((WALL_MS + readMs) / S),
    modifiedWallS: Math.floor(WALL_MS / S),
    unreadBytes: [],
    canonical: true,
    job: { "77-7": counters({ cpuMs }) },
  };
  return {
    login,
    terminals: [terminal],
    look: { bootMs, terminals: [face], faults: {}, commandsRun: false, detached: {} },
    stays: [],
    memory: BLANK,
    map: mapClocks([], { bootMs, wallMs: WALL_MS + bootMs }),
    limits: policyOf({}).limits,
    ...parts,
  };
}

const remembered = (seen: Seen, more: Partial<Memory> = {}): Memory => ({
  ...BLANK,
  subjects: interpret(seen).subjects,
  ...more,
});

test("a terminal is in use when it opens, whatever its times say", () => {
  const { subjects } = interpret(seenAt(NOW_MS, { readMs: 30 * S }));
  expect(subjects[id]?.lastActivity).toMatchObject({ source: "input", atMs: 50 * S });
});

test("a terminal that cannot be read is as idle as it was, and at first as old as its login", () => {
  const unread = {
    look: { ...seenAt(NOW_MS).look, terminals: [], faults: { [id]: "locked" } },
  };
  const first = interpret(seenAt(NOW_MS, unread));
  expect(first.subjects[id]?.lastActivity).toMatchObject({ source: "login", atMs: 20 * S });
  expect(first.faults).toEqual({ [id]: "locked" });
  const memory = remembered(seenAt(800 * S, { readMs: 792 * S }));
  const later = interpret(seenAt(NOW_MS, { ...unread, memory }));
  expect(later.subjects[id]?.lastActivity).toEqual(memory.subjects[id]?.lastActivity);
});

test("a terminal that went away before the look is left out", () => {
  const gone = { ...seenAt(NOW_MS).look, terminals: [] };
  expect(interpret(seenAt(NOW_MS, { look: gone })).subjects).toEqual({});
});

test("all subjects of a login that an administrator keeps count as active", () => {
  const keep = { source: "keep", atMs: NOW_MS - S, detail: "by root" } as const;
  expect(interpret(seenAt(NOW_MS, { keep })).subjects[id]?.lastActivity).toEqual(keep);
});

test("work counts where the policy says so, and only then", () => {
  const memory = remembered(seenAt(NOW_MS - 60 * S, { readMs: 100 * S }));
  const working = { memory, readMs: 100 * S, cpuMs: 30 * S };
  expect(interpret(seenAt(NOW_MS, working)).subjects[id]?.lastActivity).toMatchObject({
    source: "busy",
    atMs: NOW_MS,
  });
  const { limits } = policyOf({ activity: ["input"] });
  expect(interpret(seenAt(NOW_MS, { ...working, limits })).subjects[id]?.lastActivity.source).toBe("input");
});

test("counters are measured from the beginning of a notice for as long as it stands", () => {
  const memory = remembered(seenAt(NOW_MS - 60 * S, { readMs: 100 * S }));
  const bootMs = memory.subjects[id]?.baseline.bootMs;
  const standing = { [id]: { sinceMs: NOW_MS - 60 * S, promisedMs: NOW_MS + 60 * S, givenMs: [] } };
  const later = { readMs: 100 * S };
  expect(interpret(seenAt(NOW_MS, { ...later, memory })).subjects[id]?.baseline.bootMs).toBe(NOW_MS);
  const warned = interpret(seenAt(NOW_MS, { ...later, memory: { ...memory, standing } }));
  expect(warned.subjects[id]?.baseline.bootMs).toBe(bootMs);
});

test("a login without a terminal counts from its first look where nobody can tell", () => {
  const look = { ...seenAt(NOW_MS).look, terminals: [] };
  const { subjects } = interpret(seenAt(NOW_MS, { terminals: [], look }));
  expect(subjects[LOGIN_SUBJECT]?.lastActivity).toMatchObject({ source: "login", atMs: NOW_MS });
});
