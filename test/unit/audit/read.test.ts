import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileLine } from "../../../src/audit/lines.ts";
import { parseRecord } from "../../../src/audit/parse.ts";
import { followAudit, type Reading, readAudit } from "../../../src/audit/read.ts";
import { end } from "../../support/records.ts";

const plain = end(0, {
  time: "2026-01-02T03:04:05.678+01:00",
  client: null,
  idleSeconds: 901,
  limitSeconds: null,
  lastActivity: null,
  reason: "idle",
});

let directory: string;
let audit: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "audit-read-"));
  audit = join(directory, "audit.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true }));

const lineOf = (user: string) => fileLine({ ...plain, user });
const write = (ending: string, data: string | Uint8Array) => writeFileSync(audit + ending, data);

/** Users of records, `bad line` and `bad file` for the rest. */
function wordOf(reading: Reading): string {
  if ("record" in reading) return reading.record.user;
  return "badLine" in reading ? "bad line" : "bad file";
}

async function read(sinceMs?: number): Promise<string[]> {
  return (await Array.fromAsync(readAudit(audit, sinceMs))).map(wordOf);
}

test("what was written is read back, and anything else is no record", () => {
  expect(parseRecord(fileLine(plain))).toEqual(plain);
  const { cause: _, ended: __, ...first } = plain;
  expect(parseRecord(JSON.stringify(first))).toEqual({ ...plain, cause: null, ended: null });
  expect(parseRecord(JSON.stringify({ ...plain, later: 1 }))).toEqual(plain);
  for (const [key, value] of Object.entries({
    time: "soon",
    action: "x",
    uid: "0",
    terminals: [1],
    cause: "x",
    ended: 1,
  }))
    expect(parseRecord(JSON.stringify({ ...plain, [key]: value })), key).toBeUndefined();
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => parseRecord(line) === undefined));
});

test("rotated files are read oldest first, compressed or not, and what has another name is not", async () => {
  write("", lineOf("now"));
  write(".1", lineOf("one"));
  write(".2.gz", gzipSync(lineOf("two")));
  write(".10.gz", gzipSync(lineOf("ten-a") + lineOf("ten-b")));
  for (const ending of [".bak", "~", ".1.xz", "x", ".1.gz.tmp"]) write(ending, lineOf("other"));
  writeFileSync(join(directory, "other.jsonl.1"), lineOf("other"));
  expect(await read()).toEqual(["ten-a", "ten-b", "two", "one", "now"]);
});

test("files that logrotate has given dates are read in their order", async () => {
  write("", lineOf("now"));
  write("-20261231.gz", gzipSync(lineOf("old")));
  write("-20270107", lineOf("new"));
  expect(await read()).toEqual(["old", "new", "now"]);
});

test("a file that logrotate is just compressing is read once", async () => {
  write(".2", lineOf("whole"));
  write(".2.gz", gzipSync(lineOf("whole")).subarray(0, 20));
  expect(await read()).toEqual(["whole"]);
});

test("no audit is an empty one; a link and a directory are none", async () => {
  expect(await read()).toEqual([]);
  audit = join(directory, "none/audit.jsonl");
  expect(await read()).toEqual([]);
  audit = join(directory, "audit.jsonl");
  symlinkSync("/etc/passwd", audit);
  await expect(read()).rejects.toThrow(`${audit}: expected a regular file`);
});

test("torn lines and damaged files are told, and everything else is read", async () => {
  write(".2.gz", gzipSync(lineOf("lost") + lineOf("x").repeat(5000)).subarray(0, 60));
  write(".1", `${lineOf("a")}{"time":"2026\n\n${lineOf("b")}`);
  write("", `${"x".repeat(600_000)}\n${lineOf("c")}{"time"`);
  const words = await read();
  expect(words[0]).toBe("bad file");
  expect(words.slice(1, 4)).toEqual(["a", "bad line", "b"]);
  expect(words.at(-2)).toBe("c");
  expect(words.at(-1)).toBe("bad line");
});

test("files from long before the period are left alone", async () => {
  write(".1", lineOf("old"));
  write("", lineOf("new"));
  utimesSync(`${audit}.1`, 1000, 1000);
  expect(await read(Date.now())).toEqual(["new"]);
  expect(await read()).toEqual(["old", "new"]);
});

test("a long file with characters of several bytes is read whole", async () => {
  const users = Array.from({ length: 3000 }, (_, n) => `${"é漢😀".repeat(n % 50)}${n}`);
  write("", users.map(lineOf).join(""));
  expect(await read()).toEqual(users);
});

/** Collects what `followAudit` yields; `until` waits for that. */
function follow() {
  const stop = new AbortController();
  const seen: string[] = [];
  const done = (async () => {
    for await (const reading of followAudit(audit, stop.signal)) seen.push(wordOf(reading));
  })();
  return {
    seen,
    until: (users: readonly string[]) =>
      Promise.race([done, vi.waitFor(() => expect(seen).toEqual(users), { timeout: 60_000, interval: 10 })]),
    end: async () => {
      stop.abort();
      await done;
    },
  };
}

test("following goes on through rotation, late writers and a file that is cut", async () => {
  write(".2.gz", gzipSync(lineOf("old")));
  write("", lineOf("first"));
  const following = follow();
  await following.until(["old", "first"]);

  appendFileSync(audit, lineOf("second").slice(0, 30));
  appendFileSync(audit, lineOf("second").slice(30));
  await following.until(["old", "first", "second"]);

  renameSync(audit, `${audit}.1`);
  appendFileSync(`${audit}.1`, lineOf("late"));
  await following.until(["old", "first", "second", "late"]);
  write("", lineOf("third"));
  await following.until(["old", "first", "second", "late", "third"]);
  appendFileSync(`${audit}.1`, lineOf("later"));
  await following.until(["old", "first", "second", "late", "third", "later"]);

  renameSync(`${audit}.1`, `${audit}.3`);
  renameSync(audit, `${audit}.1`);
  write("", lineOf("fourth"));
  await following.until(["old", "first", "second", "late", "third", "later", "fourth"]);

  truncateSync(audit);
  appendFileSync(audit, lineOf("5"));
  await following.until(["old", "first", "second", "late", "third", "later", "fourth", "5"]);
  await following.end();
});

test("following waits for an audit that is not there yet, but not for its directory", async () => {
  const following = follow();
  await following.until([]);
  write("", lineOf("first"));
  await following.until(["first"]);
  await following.end();
  audit = join(directory, "none/audit.jsonl");
  await expect(follow().end()).rejects.toThrow(/none does not exist/);
});

test("following a file that logrotate has compressed at once never takes its bytes for lines", async () => {
  write(".1.gz", gzipSync(lineOf("old")));
  const following = follow();
  await following.until(["old"]);
  write("", lineOf("new"));
  await following.until(["old", "new"]);
  await following.end();
});
