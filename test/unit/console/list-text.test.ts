import stringWidth from "string-width";
import { expect, test } from "vitest";
import { widthFor } from "../../../src/console/lay-out.ts";
import { arrange, tableOfLogins } from "../../../src/console/list-text.ts";
import { tableOf } from "../../../src/console/table.ts";
import type { LoginRow, SubjectRow } from "../../../src/survey/rows.ts";

const subject = (over: Partial<SubjectRow> = {}): SubjectRow => ({
  terminal: "pts/1",
  idleSeconds: 90,
  limitSeconds: 900,
  leftSeconds: 810,
  lockedSeconds: null,
  foreground: { pid: 7, name: "vim" },
  evidence: "last key 90 s ago",
  ...over,
});
const row = (user: string, ...subjects: readonly SubjectRow[]): LoginRow => ({
  user,
  uid: 1000,
  client: "192.0.2.7",
  sshdPid: 4321,
  loginTime: "2026-01-02T03:04:05.000Z",
  cpuSeconds: 1.5,
  kind: "shell",
  state: "idle",
  watchdog: "root",
  own: false,
  rule: "top level",
  fault: null,
  subjects: subjects.length > 0 ? subjects : [subject()],
});
const idle = (seconds: number | null) => subject({ idleSeconds: seconds });
const names = (rows: readonly LoginRow[]) => rows.map(({ user }) => user);

test("logins are chosen by user and by how idle their most active terminal is", () => {
  const rows = [
    row("anna", idle(700), idle(5)),
    row("bert", idle(600)),
    row("carl", idle(null)),
    row("dora", idle(599)),
  ];
  const all = { idleMs: undefined, user: undefined, sort: "time" } as const;
  expect(names(arrange(rows, all))).toEqual(["anna", "bert", "carl", "dora"]);
  expect(names(arrange(rows, { ...all, idleMs: 600_000 }))).toEqual(["bert"]);
  expect(names(arrange(rows, { ...all, user: "carl" }))).toEqual(["carl"]);
});

test("logins are sorted by idle time, longest first and the unmeasured last, or by name", () => {
  const rows = [row("dora", idle(5)), row("carl", idle(null)), row("anna", idle(700))];
  const all = { idleMs: undefined, user: undefined } as const;
  expect(names(arrange(rows, { ...all, sort: "idle" }))).toEqual(["anna", "dora", "carl"]);
  expect(names(arrange(rows, { ...all, sort: "user" }))).toEqual(["anna", "carl", "dora"]);
});

test("each terminal has a line, the login's own facts stand in the first one, and hostile names are harmless", async () => {
  const evil = subject({ terminal: "pts/2", foreground: { pid: 8, name: "\x1b[2Jx\n" } });
  const table = await tableOfLogins([{ ...row("anna", subject(), evil), own: true }], undefined);
  const lines = table.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(
    /^anna\* +192\.0\.2\.7 +pts\/1 +2026-01-0\d +1m30s +15m +13m30s +1\.5s +idle +4321 +vim +last key 90 s ago$/,
  );
  expect(lines[2]).toMatch(/^ +pts\/2 .* \?\[2Jx\? +last key/);
});

test("plain texts, coloured ones too, and those of other scripts are measured right", async () => {
  for (const cells of [
    ["", "vim", "\x1b[32mactive\x1b[39m"],
    ["界", "vim"],
    ["e\u0301", "👩‍👩‍👧", "日本"],
  ]) {
    const widthOf = await widthFor([["plain"], cells]);
    expect(cells.map((cell) => widthOf(cell))).toEqual(cells.map((cell) => stringWidth(cell)));
  }
});

test("a table fits its terminal by cutting the last column, and wraps where that would leave nothing", () => {
  const rows = [
    ["ab", "x".repeat(50)],
    ["界界", "short"],
  ];
  const widths = (text: string) => text.split("\n").map((line) => stringWidth(line));
  expect(Math.max(...widths(tableOf(["ONE", "TWO"], rows, 30)))).toBe(30);
  expect(tableOf(["ONE", "TWO"], rows, 30).split("\n")[1]).toMatch(/^ab {4}x+~$/);
  expect(tableOf(["ONE", "TWO"], rows, 30).split("\n")[2]).toBe("界界  short");
  expect(Math.max(...widths(tableOf(["ONE", "TWO"], rows, 12)))).toBe(56);
  expect(Math.max(...widths(tableOf(["ONE", "TWO"], rows, undefined)))).toBe(56);
});
