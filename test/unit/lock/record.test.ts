import { describe, expect, test } from "vitest";
import { formatRecord, type LockRecord, parseRecord } from "../../../src/lock/record.ts";

const record: LockRecord = {
  number: 3,
  locker: { pid: 123, startTicks: 4567 },
  sinceMs: 123_456_789,
  cause: "idle",
  wrongAnswers: 0,
  termios: "006d000005000000bf0400003b8a000000031c7f150400010011131a00120f1716000000",
  owner: { uid: 1000, gid: 5, mode: 0o620 },
  stopped: [
    { pid: 321, startTicks: 4567 },
    { pid: 322, startTicks: 4568 },
  ],
};

const TEXT = `\
version 1
pts 3
locker 123 4567
since 123456789
cause idle
tries 0
termios 006d000005000000bf0400003b8a000000031c7f150400010011131a00120f1716000000
stty 6d00:5:4bf:8a3b:3:1c:7f:15:4:0:1:0:11:13:1a:0:12:f:17:16:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0
owner 1000 5 620
stopped 321 4567
stopped 322 4568
end
`;

describe("a record of a lock", () => {
  test("has the form that pam/watchdog reads", () => {
    expect(formatRecord(record)).toBe(TEXT);
  });

  test("is read as it was written", () => {
    expect(parseRecord(TEXT)).toEqual(record);
    expect(parseRecord(formatRecord({ ...record, stopped: [] }))).toEqual({ ...record, stopped: [] });
  });

  test("counts only when it is complete and has no other form", () => {
    for (let length = 0; length < TEXT.length; length++)
      expect(parseRecord(TEXT.slice(0, length))).toBeUndefined();
    for (const other of [
      TEXT.replace("version 1", "version 2"),
      TEXT.replace("stopped 322", "stopped -1"),
      TEXT.replace("cause idle", "cause other"),
      `${TEXT}stopped 1 1\n`,
      `${TEXT}${TEXT}`,
    ])
      expect(parseRecord(other)).toBeUndefined();
  });
});
