import {
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BLANK, type Memory, readMemory, writeMemory } from "../../../src/guard/memory.ts";
import { FULL_MEMORY } from "../../support/memories.ts";
import { testAsRoot } from "../../support/root.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-memory-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("what one check writes the next one reads, limits that are off included", async () => {
  expect(writeMemory(directory, FULL_MEMORY)).toBe(true);
  expect(await readMemory(directory)).toEqual(FULL_MEMORY);
  expect(readdirSync(directory)).toEqual(["memory.json"]);
});

test("a memory from before there was a max_stay, mouse_motion or trust_tty_times is read, without", async () => {
  writeMemory(directory, FULL_MEMORY);
  const path = join(directory, "memory.json");
  const older = JSON.parse(readFileSync(path, "utf8"));
  delete older.lastGood.limits.maxStayMs;
  delete older.lastGood.limits.mouseMotion;
  delete older.lastGood.limits.trustTtyTimes;
  writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
  expect((await readMemory(directory)).lastGood?.limits).toMatchObject({
    maxStayMs: Number.POSITIVE_INFINITY,
    mouseMotion: true,
    trustTtyTimes: true,
  });
});

test("a memory from before there were locks is read: nothing was locked, and nothing locks", async () => {
  writeMemory(directory, FULL_MEMORY);
  const path = join(directory, "memory.json");
  const older = JSON.parse(readFileSync(path, "utf8"));
  delete older.locked;
  delete older.notLocked;
  for (const key of ["atLimit", "lockMaxMs", "lockTries"]) delete older.lastGood.limits[key];
  writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
  const memory = await readMemory(directory);
  expect([memory.locked, memory.notLocked]).toEqual([undefined, undefined]);
  expect(memory.lastGood?.limits).toMatchObject({ atLimit: "end", lockMaxMs: Number.POSITIVE_INFINITY });
  expect(memory.subjects).toEqual(FULL_MEMORY.subjects);
});

test("garbage, other versions and half-written files count as no memory", async () => {
  const path = join(directory, "memory.json");
  writeMemory(directory, FULL_MEMORY);
  const whole = readFileSync(path, "utf8");
  for (const text of [
    "",
    "null",
    "[]",
    '{"version":2}',
    whole.slice(0, 300),
    whole.replace("5000", '"5000"'),
  ]) {
    writeFileSync(path, text);
    expect(await readMemory(directory)).toEqual(BLANK);
  }
  await fc.assert(
    fc.asyncProperty(fc.json(), async (text) => {
      writeFileSync(path, text);
      expect(await readMemory(directory)).toEqual(BLANK);
    }),
  );
  writeFileSync(path, whole + " ".repeat(33 << 20));
  expect(await readMemory(directory)).toEqual(BLANK);
});

testAsRoot("a file of somebody else, or a link, is not read", async () => {
  const path = join(directory, "memory.json");
  writeMemory(directory, FULL_MEMORY);
  chownSync(path, 65_534, 65_534);
  expect(await readMemory(directory)).toEqual(BLANK);

  const elsewhere = mkdtempSync(join(tmpdir(), "afkill-memory-"));
  writeMemory(elsewhere, FULL_MEMORY);
  rmSync(path);
  symlinkSync(join(elsewhere, "memory.json"), path);
  expect(await readMemory(directory)).toEqual(BLANK);
  rmSync(elsewhere, { recursive: true });
});

test("a directory that cannot be written is no fault of the login", async () => {
  expect(writeMemory(join(directory, "gone"), FULL_MEMORY)).toBe(false);
});

/** A memory of a login with so many processes, whose names are as long in it as a user can make them. */
function crowded(processes: number): Memory {
  const [[id, subject] = ["", undefined]] = Object.entries(FULL_MEMORY.subjects);
  const counters = subject?.baseline.job["13-3460"];
  if (!subject || !counters) throw new Error("there is no subject");
  const large = { ...counters, name: "\x01".repeat(15), startedBootMs: 123_456_789_010, writtenBytes: 1e15 };
  const job = Object.fromEntries(
    Array.from({ length: processes }, (_, at) => [`${4_000_000 + at}-12345678901`, large]),
  );
  return { ...FULL_MEMORY, subjects: { [id]: { ...subject, baseline: { ...subject.baseline, job } } } };
}

test("ten sessions full of processes, as many as a look takes, are remembered whole", async () => {
  const memory = crowded(10 * 4096);
  expect(writeMemory(directory, memory)).toBe(true);
  expect(
    Object.keys((await readMemory(directory)).subjects["pts/1:12-3456"]?.baseline.job ?? {}),
  ).toHaveLength(40_960);
});

test("more processes than a memory holds do not make it blank, which would count as activity", async () => {
  expect(writeMemory(directory, crowded(150_000))).toBe(true);
  const { subjects, standing } = await readMemory(directory);
  expect(standing).toEqual(FULL_MEMORY.standing);
  expect(subjects["pts/1:12-3456"]?.lastActivity).toEqual(
    FULL_MEMORY.subjects["pts/1:12-3456"]?.lastActivity,
  );
  expect(subjects["pts/1:12-3456"]?.baseline.job).toEqual({});
});
