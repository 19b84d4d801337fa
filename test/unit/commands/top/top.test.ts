import stringWidth from "string-width";
import { expect, test } from "vitest";
import { wordingOf } from "../../../../src/commands/top/act.ts";
import { type Entry, later } from "../../../../src/commands/top/entry.ts";
import { press, START, type TopState } from "../../../../src/commands/top/keys.ts";
import { bar, padded, tableOf, visible } from "../../../../src/commands/top/layout.ts";
import { filtered, type SortKey, sorted } from "../../../../src/commands/top/order.ts";
import { footerOf, titleOf } from "../../../../src/commands/top/text.ts";
import { isUtf8Locale } from "../../../../src/console/output.ts";

interface Facts {
  readonly user: string;
  readonly idle: number | null;
  readonly left: number | null;
  readonly cpu?: number | null;
  readonly pid?: number;
  readonly own?: boolean;
}

function entry({ user, idle, left, cpu = 0, pid = 100, own = false }: Facts): Entry {
  const subject = {
    terminal: "pts/1",
    idleSeconds: idle,
    limitSeconds: left === null ? null : 600,
    leftSeconds: left,
    lockedSeconds: null,
    foreground: { pid: 7, name: "bash" },
    evidence: "last key 9 s ago",
  };
  return {
    key: `${pid}:1`,
    row: {
      user,
      uid: 1000,
      client: "192.0.2.1",
      sshdPid: pid,
      loginTime: new Date(pid * 1000).toISOString(),
      cpuSeconds: 1,
      kind: "shell",
      state: "idle",
      watchdog: "root",
      own,
      rule: "default",
      fault: null,
      subjects: [subject],
    },
    cpuPercent: cpu,
    lines: [{ subject, leftSeconds: left, share: left === null ? null : left / 600 }],
  };
}

const them = [
  entry({ user: "bob", idle: 10, left: 590, cpu: 50, pid: 1 }),
  entry({ user: "carl", idle: null, left: null, cpu: null, pid: 2 }),
  entry({ user: "anna", idle: 500, left: 100, cpu: 3, pid: 3 }),
];
const style = { columns: 200, isUtf8: true, nowMs: 0 };
const users = (entries: readonly Entry[]) => entries.map(({ row }) => row.user).join(" ");
const typed = (state: TopState, ...inputs: string[]) =>
  inputs.reduce((before, input) => press(before, { input }, them).state, state);

test("each key sorts, and what is not known comes last", () => {
  const orders: Record<SortKey, string> = {
    idle: "anna bob carl",
    user: "anna bob carl",
    time: "bob carl anna",
    cpu: "bob anna carl",
    left: "anna bob carl",
  };
  const orderings = [them, them.toReversed(), [them[1], them[0], them[2]] as Entry[]];
  for (const [by, order] of Object.entries(orders))
    for (const entries of orderings) expect(users(sorted(entries, by as SortKey))).toBe(order);
  expect(["I", "U", "T", "C", "L"].map((key) => typed(START, key).sort)).toEqual([
    "idle",
    "user",
    "time",
    "cpu",
    "left",
  ]);
});

test("a login has as little time left as the terminal that has least", () => {
  const [anna] = them.slice(2) as [Entry];
  const line = anna.lines[0] as Entry["lines"][number];
  const two = {
    ...anna,
    lines: [
      { ...line, leftSeconds: 595 },
      { ...line, leftSeconds: 1 },
      { ...line, leftSeconds: null },
    ],
  };
  expect(users(sorted([them[0] as Entry, two], "left"))).toBe("anna bob");
});

test("a filter finds users, clients, terminals and programs", () => {
  expect(users(filtered(them, "ANN"))).toBe("anna");
  expect(users(filtered(them, "pts/1"))).toBe("bob carl anna");
  expect(users(filtered(them, "zsh"))).toBe("");
  expect(users(filtered(them, " Bash "))).toBe("bob carl anna");
  expect(users(filtered(them, "192.0.2"))).toBe("bob carl anna");
  expect(users(filtered(them, "idle"))).toBe("bob carl anna");
  const state = typed(START, "/", "a", "n");
  expect(state).toMatchObject({ mode: "filter", filter: "an" });
  expect(press(state, { input: "", return: true }, them).state).toMatchObject({ mode: "list", filter: "an" });
  expect(press(state, { input: "", escape: true }, them).state).toMatchObject({ mode: "list", filter: "" });
  expect(press(state, { input: "", backspace: true }, them).state.filter).toBe("a");
});

test("columns go by importance, and no line is wider than the terminal", () => {
  const long = entry({ user: "使用者".repeat(9), idle: 99_999, left: 12, pid: 4 });
  for (let columns = 38; columns <= 250; columns++) {
    const { heading, lines } = tableOf([...them, long], { ...style, columns });
    const widths = lines.map(({ cells }) => stringWidth(cells.map(({ text }) => text).join("")));
    expect(Math.max(stringWidth(heading), ...widths)).toBeLessThanOrEqual(columns);
  }
  const headings = (columns: number) =>
    tableOf(them, { ...style, columns })
      .heading.trim()
      .split(/\s{2,}/);
  expect(headings(38)).toEqual(["USER", "IDLE", "LEFT", "TIME LEFT", "STATE"]);
  expect(headings(200)).toHaveLength(13);
});

test("text of others is made safe, and is ASCII where the terminal shows no UTF-8", () => {
  const evil = entry({ user: "eve\x1b[2Jé", idle: 1, left: 300 });
  const text = (isUtf8: boolean) =>
    tableOf([evil], { ...style, isUtf8 })
      .lines.flatMap(({ cells }) => cells.map((cell) => cell.text))
      .join("");
  expect(text(true)).toContain("eve?[2Jé");
  expect(text(true)).toContain("█████░░░░░");
  expect(text(false)).toContain("eve?[2J?");
  expect(text(false)).toMatch(/^[ -~]*$/);
  expect(wordingOf("a\x1bb", 80).bar).toBe("administrator: a?b");
});

test("bars are as long as what is left, and never empty before the end", () => {
  expect(bar(1, 4, true)).toBe("████");
  expect(bar(0.01, 4, true)).toBe("█░░░");
  expect(bar(0, 4, true)).toBe("░░░░");
  expect(bar(0.5, 6, false)).toBe("[##..]");
  expect(padded("日本", 3)).toBe("日 ");
});

test("the locale tells UTF-8 by the first variable that is set", () => {
  expect(isUtf8Locale({ LANG: "C.UTF-8" })).toBe(true);
  expect(isUtf8Locale({ LANG: "C.UTF-8", LC_ALL: "C" })).toBe(false);
  expect(isUtf8Locale({ LC_ALL: "", LC_CTYPE: "en_US.utf8" })).toBe(true);
  expect(isUtf8Locale({})).toBe(false);
});

test("only y ends the selected login, and it stays the same one whatever moves", () => {
  const asked = typed({ ...START, selected: "3:1" }, "e");
  expect(footerOf(asked, them[2], 80)).toBe("End it (y/n)? anna, sshd 3, pts/1");
  expect(press(asked, { input: "y" }, them.slice(0, 1)).effect).toEqual({ kind: "end", key: "3:1" });
  for (const input of ["n", "Y", "e", "yy", ""]) {
    const { state, effect } = press(asked, { input }, them);
    expect([state.mode, effect]).toEqual(["list", undefined]);
  }
  expect(press(START, { input: "ey" }, them)).toEqual({ state: START });
  const mine = [entry({ user: "root", idle: 1, left: null, own: true })];
  expect(press(START, { input: "e" }, mine).state).toMatchObject({
    mode: "list",
    message: expect.stringContaining("log out"),
  });
});

test.each([
  ["l", "lock", "Lock it", "locking it...", "not locked"],
  ["u", "unlock", "Unlock it", "unlocking it...", "not unlocked"],
] as const)("%s asks whether to %s the selected login", (key, kind, question, yes, no) => {
  const asked = typed({ ...START, selected: "3:1" }, key);
  expect(footerOf(asked, them[2], 80)).toBe(`${question} (y/n)? anna, sshd 3, pts/1`);
  expect(press(asked, { input: "y" }, them)).toMatchObject({
    state: { mode: "list", message: yes },
    effect: { kind, key: "3:1" },
  });
  for (const input of ["n", "Y", key]) {
    const { state, effect } = press(asked, { input }, them);
    expect([state.mode, state.message, effect]).toEqual(["list", no, undefined]);
  }
});

test("to lock the login that one works in would stop this program", () => {
  const mine = [entry({ user: "root", idle: 1, left: null, own: true })];
  expect(press(START, { input: "l" }, mine).state).toMatchObject({
    mode: "list",
    message: expect.stringContaining("afkill lock"),
  });
});

test("a question about a login that has gone names no other one", () => {
  for (const key of ["e", "l", "u", "k", "n"]) {
    const asked = typed({ ...START, selected: "3:1" }, key);
    expect(footerOf(asked, them[0], 80)).toContain("has ended");
    expect(footerOf(asked, undefined, 80)).toContain("has ended");
  }
});

test("k keeps the selected login, an hour unless told otherwise; what is no time keeps none", () => {
  const asked = typed({ ...START, selected: "3:1" }, "k");
  expect(footerOf(asked, them[2], 80)).toBe("Keep anna for (1h): _");
  const enter = { input: "", return: true };
  expect(press(asked, enter, them).effect).toEqual({ kind: "keep", key: "3:1", ms: 3_600_000 });
  const state = typed(asked, "45m");
  expect(footerOf(state, them[2], 80)).toBe("Keep anna for (1h): 45m_");
  const done = press(state, enter, them);
  expect(done.effect).toEqual({ kind: "keep", key: "3:1", ms: 45 * 60_000 });
  expect(done.state).toMatchObject({ mode: "list", draft: "", message: "keeping it..." });
  for (const text of ["off", "soon", "0s", "45"]) {
    const { state: after, effect } = press(typed(asked, text), enter, them);
    expect([after.mode, after.message, effect]).toEqual([
      "list",
      expect.stringContaining("not kept"),
      undefined,
    ]);
  }
  expect(press(typed(asked, "2h"), { input: "", escape: true }, them)).toMatchObject({
    state: { mode: "list" },
  });
  expect(press(asked, { input: "", escape: true }, them).effect).toBeUndefined();
});

test("the keys are told on one line, from 40 columns on", () => {
  for (const columns of [40, 72, 73, 79, 80, 96, 97, 98, 250]) {
    const line = footerOf(START, them[0], columns);
    expect(line.length).toBeLessThanOrEqual(columns);
    for (const key of ["e end", "k keep", "lock", "n not", "q quit"]) expect(line).toContain(key);
  }
  expect(footerOf(START, them[0], 79)).toContain("l lock  u unlock");
  expect(footerOf(START, them[0], 100)).toContain("C cpu");
});

test("a notice is written for the login that was selected", () => {
  const state = typed({ ...START, selected: "2:1" }, "n", "hi q");
  expect(press(state, { input: "", return: true }, them).effect).toEqual({
    kind: "notice",
    key: "2:1",
    text: "hi q",
  });
  expect(press(state, { input: "!\r" }, them).effect).toMatchObject({ text: "hi q!" });
  expect(press(typed(START, "n"), { input: "", return: true }, them).effect).toBeUndefined();
});

test("arrows move within the list, q and Ctrl-C leave", () => {
  const down = press(START, { input: "", downArrow: true }, them).state;
  expect(down.selected).toBe("2:1");
  expect(press(down, { input: "", upArrow: true }, them).state.selected).toBe("1:1");
  expect(press(START, { input: "", upArrow: true }, them).state.selected).toBe("1:1");
  const last = press({ ...START, selected: "3:1" }, { input: "", downArrow: true }, them).state;
  expect(last.selected).toBe("3:1");
  expect(press(START, { input: "", downArrow: true }, []).state.selected).toBeUndefined();
  expect(press(START, { input: "q" }, them).effect).toEqual({ kind: "quit" });
  expect(press(typed(START, "n"), { input: "q" }, them).effect).toBeUndefined();
  expect(press(typed(START, "n"), { input: "c", ctrl: true }, them).effect).toEqual({ kind: "quit" });
});

test("the selected login is among the lines that fit", () => {
  const lines = ["a", "b", "b", "c"].map((key) => ({ key }));
  const keys = (selected: string, room: number) =>
    visible(lines, selected, room)
      .map(({ key }) => key)
      .join("");
  expect(keys("a", 2)).toBe("ab");
  expect(keys("b", 2)).toBe("bb");
  expect(keys("c", 2)).toBe("bc");
  expect(keys("c", 9)).toBe("abbc");
});

test("between two looks idle times grow and what is left shrinks", () => {
  const { lines } = later(them[2] as Entry, 200);
  expect(lines[0]).toMatchObject({ leftSeconds: 0, subject: { idleSeconds: 700 } });
  expect(later(them[1] as Entry, 5).lines[0]).toMatchObject({ leftSeconds: null });
});

test("the title counts logins and states, and says what is shown of them", () => {
  expect(titleOf(undefined, 0, START)).toBe("afkill top: looking...");
  expect(titleOf(them.slice(0, 1), 1, START)).toBe("afkill top: 1 login, by time, 1 idle");
  const [bob, carl, anna] = them as [Entry, Entry, Entry];
  const mixed = [bob, { ...carl, row: { ...carl.row, state: "active" as const } }, anna];
  expect(titleOf(mixed, 2, { ...START, sort: "left", filter: "b" })).toBe(
    'afkill top: 3 logins, by left, 2 match "b", 1 active, 2 idle',
  );
});

test("each column tells its own, and a dash where there is nothing to tell", () => {
  const cells = (it: Entry, nowMs = 0) =>
    tableOf([it], { columns: 250, isUtf8: true, nowMs }).lines.map((line) =>
      line.cells.map(({ text }) => text.trim()),
    );
  const bob = them[0] as Entry;
  const [first] = cells(bob);
  expect(first?.with(3, "")).toEqual([
    "bob",
    "192.0.2.1",
    "pts/1",
    "",
    "10s",
    "10m",
    "9m50s",
    "██████████",
    "50.0",
    "idle",
    "1",
    "bash",
    "last key 9 s ago",
  ]);
  expect(first?.[3]).toMatch(/^\d\d:\d\d$/);
  const stated = tableOf([bob], { ...style, columns: 60 }).lines[0]?.cells.filter(({ state }) => state);
  expect(stated).toEqual([{ text: expect.stringMatching(/^idle\b/), state: "idle" }]);
  expect(cells(bob, 100 * 86_400_000)[0]?.[3]).toMatch(/^19(69|70)-\d\d-\d\d$/);

  const subject = { ...bob.row.subjects[0], terminal: null, idleSeconds: null, limitSeconds: null };
  const bare = {
    subject: { ...subject, foreground: null },
    leftSeconds: null,
    share: null,
  } as Entry["lines"][number];
  const nothing = {
    ...bob,
    cpuPercent: null,
    row: { ...bob.row, client: null, own: true },
    lines: [bare, bare],
  };
  const [one, two] = cells(nothing);
  expect(one?.with(3, "")).toEqual([
    "bob*",
    "-",
    "-",
    "",
    "-",
    "off",
    "-",
    "",
    "-",
    "idle",
    "1",
    "-",
    "last key 9 s ago",
  ]);
  // What is the login's own stands once.
  expect(two).toEqual(["", "", "-", "", "-", "off", "-", "", "", "", "", "-", "last key 9 s ago"]);
});

test("evidence has at least 16 columns, or is left out", () => {
  const [bob] = them as [Entry];
  const line = bob.lines[0] as Entry["lines"][number];
  const told = { ...bob, lines: [{ ...line, subject: { ...line.subject, evidence: "x".repeat(300) } }] };
  const evidence = (columns: number) =>
    tableOf([told], { ...style, columns }).lines[0]?.cells.map(
      ({ text }) => text.match(/x+/)?.[0].length ?? 0,
    );
  const widths = Array.from({ length: 120 }, (_, at) => Math.max(...(evidence(80 + at) ?? [])));
  expect(new Set(widths).has(0)).toBe(true);
  expect(Math.min(...widths.filter((width) => width > 0))).toBe(16);
  expect(Math.max(...(evidence(400) ?? []))).toBe(200);
});
