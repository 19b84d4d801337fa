import fc from "fast-check";
import { expect, test } from "vitest";
import { fileLine, syslogLine, visible } from "../../../src/audit/lines.ts";
import type { AuditRecord } from "../../../src/audit/record.ts";
import { CAUSES } from "../../../src/audit/words.ts";
import { end } from "../../support/records.ts";

const plain = end(0, {
  time: "2026-01-02T03:04:05.678+01:00",
  terminals: ["pts/3", "pts/4"],
  idleSeconds: 901,
  limitSeconds: null,
  lastActivity: null,
  reason: 'idle, "limit" 15m',
});

/** Text with everything in it that could hurt. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\n", "\r", "\0", "\x1b", "\x7f", "\x9b", '"', "\\", " ", "=", "user=root", "\u202e"),
    fc.constantFrom("\u2028", "\ud800", "\udc00", "é", "漢", "😀", "-"),
    fc.string({ unit: "binary" }),
  ),
  maxLength: 3000,
});

const anyRecord: fc.Arbitrary<AuditRecord> = fc.record({
  time: fc.constant(plain.time),
  action: fc.constantFrom("notice", "stay", "hang-up", "end", "fault"),
  cause: fc.option(fc.constantFrom(...CAUSES)),
  outcome: hostile,
  ended: fc.option(fc.boolean()),
  user: hostile,
  uid: fc.nat(),
  client: fc.option(hostile),
  terminals: fc.array(hostile, { maxLength: 100 }),
  sshdPid: fc.nat(),
  rule: hostile,
  idleSeconds: fc.option(fc.nat()),
  limitSeconds: fc.option(fc.nat()),
  lastActivity: fc.option(hostile),
  reason: hostile,
});

const NOT_SEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Reads a line of the system log as a strict parser does. */
function parse(line: string): [string, string][] {
  const pair = /([a-z]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)/gy;
  const pairs: [string, string][] = [];
  let end = 0;
  for (let match = pair.exec(line); match; match = pair.exec(line)) {
    pairs.push([match[1] ?? "", match[2] ?? ""]);
    end = pair.lastIndex;
  }
  expect(line.slice(end)).toBe("");
  return pairs;
}

test("a plain record is the same in the file, and easy to read in the system log", () => {
  expect(JSON.parse(fileLine(plain))).toEqual(plain);
  expect(syslogLine(plain)).toBe(
    'action=end user=alice uid=1000 client=10.0.0.7 terminals=pts/3,pts/4 sshd=11 rule="top level" idle=901 ' +
      'limit=- last=- cause=idle ended=yes outcome="child sshd 12 ended after SIGTERM" reason="idle, \\"limit\\" 15m"',
  );
});

test("the system log tells what failed, and what ends nothing", () => {
  expect(syslogLine({ ...plain, ended: false })).toContain(" cause=idle ended=no ");
  expect(syslogLine({ ...plain, cause: null, ended: null })).toContain(" cause=- ended=- ");
});

test("no value can pass for another value, another key or another line", () => {
  const user = 'x" uid=0\nafkill[1]: action=end user=root \x1b[2J';
  const line = syslogLine({ ...plain, user, client: "-", terminals: ["a,b c"] });
  expect(line).toContain(
    'user="x\\" uid=0\\x0aafkill[1]: action=end user=root \\x1b[2J" uid=1000 client="-"',
  );
});

test("whatever is in a record, its line in the system log has the same keys, nothing unseen, and fits", () => {
  fc.assert(
    fc.property(anyRecord, (r) => {
      const line = syslogLine(r);
      expect(line).not.toMatch(NOT_SEEN);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(900);
      const pairs = parse(line);
      expect(pairs.map(([key]) => key)).toEqual(parse(syslogLine(plain)).map(([key]) => key));
      expect(pairs[2]).toEqual(["uid", String(r.uid)]);
    }),
  );
});

test("whatever is in a record, its line in the file is JSON with the same fields, nothing unseen, and fits", () => {
  fc.assert(
    fc.property(anyRecord, (r) => {
      const line = fileLine(r);
      expect(line.endsWith("}\n")).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(NOT_SEEN);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
      const read: AuditRecord = JSON.parse(line);
      expect(Object.keys(read)).toEqual(Object.keys(plain));
      expect(read.user).toSatisfy((user: string) => user === r.user || user.endsWith("…"));
      expect(read.uid).toBe(r.uid);
    }),
  );
});

test("short values survive the file line unchanged, whatever is in them", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 50 }), (user) => {
      expect(JSON.parse(fileLine({ ...plain, user })).user).toBe(user);
    }),
  );
});

test("free text is one line, its control characters shown", () => {
  expect(visible("a\nb\tc\x1b]0;\x07\u202ed é", 900)).toBe("a\\x0ab\\x09c\\x1b]0;\\x07\\u{202e}d é");
  expect(Buffer.byteLength(visible("\x1b".repeat(5000), 900))).toBeLessThanOrEqual(900);
});
