// Whatever others are called: what root's terminal gets to see obeys nobody but us.
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { parseKeep } from "../../../src/activity/keep.ts";
import { fileLine, syslogLine, visible } from "../../../src/audit/lines.ts";
import { parseRecord } from "../../../src/audit/parse.ts";
import { recordLine } from "../../../src/commands/log/text.ts";
import { escapeHtml } from "../../../src/commands/report/markup.ts";
import { type SweepAction, wordsOf } from "../../../src/commands/sweep/actions.ts";
import { tableOf as topTable } from "../../../src/commands/top/layout.ts";
import { linesOf, treeOf } from "../../../src/commands/tree/text.ts";
import { tableOfLogins } from "../../../src/console/list-text.ts";
import { complain, say, sayJson } from "../../../src/console/output.ts";
import { parseMemory } from "../../../src/guard/memory-form.ts";
import { warning } from "../../../src/notice/text.ts";
import type { LoginRow } from "../../../src/survey/rows.ts";
import { printable, safeJson, safeLines } from "../../../src/text/unseen.ts";
import { SEED } from "../../support/mutations.ts";
import { stat } from "../../support/processes.ts";
import { recordAt } from "../../support/records.ts";

const RUNS = { numRuns: 300, ...SEED };
/** Control characters but the line break, and what turns the direction of a text (Unicode Standard Annex 9). */
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
/** Text of an attacker: much of it is what must not get through. */
const evil = fc
  .array(
    fc.oneof(
      fc.constantFrom("\x1b[5m", "\x1b]0;x\x07", "\x9b6n", "\x9d", "\r", "\n", "\t", "\x7f", "\x00"),
      fc.constantFrom("\u202e", "\u2066", "\u061c", "\u2028", "\ud800", "\u{e0001}", "é", "x", '"', "\\"),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

/** What was written to a stream while `act` ran. */
async function written(stream: "stdout" | "stderr", act: () => unknown): Promise<string> {
  let text = "";
  const spy = vi.spyOn(process[stream], "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  await act();
  spy.mockRestore();
  return text;
}
afterEach(() => vi.unstubAllEnvs());

test("JSON that is printed holds none of it, and means the same", async () => {
  const values = fc.oneof(fc.dictionary(evil, evil), fc.jsonValue({ stringUnit: "binary" }), fc.array(evil));
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const text = await written("stdout", () => sayJson(value));
      expect(text).not.toMatch(OBEYED);
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      expect(JSON.parse(safeJson(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    RUNS,
  );
});

test("an error is one line of what can be seen", async () => {
  await fc.assert(
    fc.asyncProperty(evil, async (message) => {
      const text = await written("stderr", () => complain(message));
      expect(text).not.toMatch(OBEYED);
      expect(text.indexOf("\n")).toBe(text.length - 1);
    }),
    RUNS,
  );
});

test("a line holds none of it, whatever its writer forgot: colour only where there is colour", async () => {
  await fc.assert(
    fc.asyncProperty(evil, async (line) => {
      const text = await written("stdout", () => say(line));
      expect(text.replaceAll("\t", "")).not.toMatch(OBEYED);
      expect(safeLines(line, true).replace(/\x1b\[[\d;]*m|\t/g, "")).not.toMatch(OBEYED);
    }),
    RUNS,
  );
  expect(safeLines("\x1b[1mUSER\x1b[22m\tx\n\x1b[2Jy\x1b[", true)).toBe("\x1b[1mUSER\x1b[22m\tx\n?[2Jy?[");
  expect(safeLines("\x1b[1mUSER", false)).toBe("?[1mUSER");
});

test("no table, tree, record, notice or page holds any of it", async () => {
  vi.stubEnv("NO_COLOR", "1");
  await fc.assert(
    fc.asyncProperty(fc.array(evil, { minLength: 8, maxLength: 8 }), async (texts) => {
      const [a = "", b = "", c = "", d = "", e = ""] = texts;
      const subject = {
        terminal: c,
        idleSeconds: 9,
        limitSeconds: 900,
        leftSeconds: 810,
        lockedSeconds: null,
        evidence: e,
        foreground: { pid: 7, name: d },
      };
      const row: LoginRow = {
        user: a,
        uid: 1000,
        client: b,
        sshdPid: 1,
        loginTime: "2026-01-02T03:04:05.000Z",
        cpuSeconds: 1,
        kind: "shell",
        state: "idle",
        watchdog: "root",
        own: false,
        rule: c,
        fault: null,
        subjects: [subject],
      };
      const line = { subject, leftSeconds: 810, share: 0.5 };
      const top = topTable([{ key: "1", row, cpuPercent: 1, lines: [line] }], {
        columns: 200,
        isUtf8: true,
        nowMs: 0,
      });
      const tree = treeOf({
        login: { user: a, client: { address: b } as never },
        isOwn: false,
        observation: { terminals: [] },
        processes: [stat(10, 1, c), stat(11, 10, d)],
      });
      const record = recordAt(0, {
        ...{ user: a, client: b, terminals: [c], rule: d, reason: e, outcome: c, lastActivity: d },
      });
      const facts = { sshdPid: 1, idleSeconds: 1, limitSeconds: 1, leftSeconds: 0 };
      const action: SweepAction = { ...facts, action: "end", user: a, terminals: [b], rule: c, why: d };
      const { lineMode, prompt, bar } = warning({
        user: a,
        kind: "idle",
        idleMs: 1,
        lastedMs: 1,
        maxLoginMs: 1,
        closesInMs: 1000,
        closesAt: new Date(0),
        message: b,
        columns: 80,
      });
      const outputs = [
        await tableOfLogins([row], 200),
        top.lines.flatMap(({ cells }) => cells.map(({ text }) => text)).join(" "),
        linesOf(tree, true).join("\n"),
        recordLine(record),
        fileLine(record),
        syslogLine(record),
        visible(a, 900),
        printable(wordsOf(action, "would")),
        escapeHtml(a),
        ...lineMode,
        ...prompt,
        bar,
      ];
      for (const output of outputs) expect(output).not.toMatch(OBEYED);
    }),
    RUNS,
  );
});

test("text a million levels deep is refused as any other, and overflows nothing", () => {
  const deep = `${'{"a":'.repeat(1e6)}1${"}".repeat(1e6)}`;
  const open = "[".repeat(1e6);
  for (const text of [deep, open, `{"version":1,"untilMs":${deep}}`, `{"subjects":${deep}}`]) {
    expect(() => parseMemory(text)).toThrow();
    expect(() => parseKeep(text)).toThrow();
    expect(parseRecord(text)).toBeUndefined();
  }
});

test("a chain of ten thousand processes is told whole, in lines and in JSON", async () => {
  const processes = Array.from({ length: 10_000 }, (_, at) => stat(at + 1, at, "chain"));
  const login = { user: "alice", client: undefined };
  const tree = treeOf({ login, isOwn: false, observation: { terminals: [] }, processes });
  const lines = linesOf(tree, false);
  expect(lines).toHaveLength(10_001);
  expect(lines[40]).toMatch(/^ {117}`- 40 chain$/);
  expect(lines.at(-1)).toMatch(/^ {120}`- 10000 chain \(below 9999\)$/);
  expect(lines.join("\n").length).toBeLessThan(3e6);
  const json = await written("stdout", () => sayJson(tree));
  expect(json.match(/"pid"/g)).toHaveLength(10_000);
  expect(json.match(/"parent": 9999,/g)).toHaveLength(1);
});
