// Records in a directory of root's, and what is none of them.
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  claimRecord,
  formatRecord,
  type LockRecord,
  locksIn,
  recordFile,
  removeNoRecord,
  writeRecord,
} from "../../../src/lock/record.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record: LockRecord = {
  number: 3,
  locker: { pid: 123, startTicks: 4567 },
  sinceMs: 5,
  cause: "user",
  wrongAnswers: 2,
  termios: "00".repeat(36),
  owner: { uid: 1000, gid: 5, mode: 0o620 },
  stopped: [],
};

test("a lock is claimed once, and what is no record is in the way until it is removed", () => {
  const state = join(folder, "state");
  const other = { ...record, wrongAnswers: 9 };
  claimRecord(state, record);
  removeNoRecord(state, 3);
  expect(() => claimRecord(state, other)).toThrow("already locked");
  expect(locksIn(state)).toEqual([record]);
  writeFileSync(recordFile(state, 3), "version 2\n", { mode: 0o600 });
  removeNoRecord(state, 3);
  claimRecord(state, other);
  expect(locksIn(state)).toEqual([other]);
  expect(readdirSync(state)).toEqual(["lock-3"]);
});

test("a record is written whole, for root alone, even if its directory has gone", () => {
  const state = join(folder, "state");
  writeRecord(state, record);
  writeRecord(state, { ...record, wrongAnswers: 3 });
  expect(readdirSync(state)).toEqual(["lock-3"]);
  expect(statSync(recordFile(state, 3)).mode & 0o777).toBe(0o600);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect(locksIn(state)).toEqual([{ ...record, wrongAnswers: 3 }]);
});

test("a record that nobody could read again is not written", () => {
  const stopped = Array.from({ length: 10_000 }, (_, pid) => ({ pid, startTicks: 1 }));
  expect(() => writeRecord(join(folder, "state"), { ...record, stopped })).toThrow("too many to stop");
});

test("a file of somebody else, one that others may write, a link and another terminal's record are none", () => {
  const put = (name: string, number: number) => {
    const path = join(folder, name);
    writeFileSync(path, formatRecord({ ...record, number }), { mode: 0o600 });
    return path;
  };
  put("lock-1", 1);
  chownSync(put("lock-2", 2), 1000, 0);
  chmodSync(put("lock-3", 3), 0o620);
  symlinkSync("lock-1", join(folder, "lock-4"));
  put("lock-5", 6);
  writeFileSync(join(folder, "lock-7"), `${formatRecord({ ...record, number: 7 })}${" ".repeat(65_536)}`);
  expect(locksIn(folder).map(({ number }) => number)).toEqual([1]);
  expect(locksIn(join(folder, "none"))).toEqual([]);
});
