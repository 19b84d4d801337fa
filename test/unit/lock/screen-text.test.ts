import { expect, test } from "vitest";
import { fittingText } from "../../../src/lock/fit.ts";
import { screenText } from "../../../src/lock/screen-text.ts";
import { lockFacts, lockPrompt } from "../../support/lock-facts.ts";

const at = (
  columns: number,
  rows: number,
  facts: Parameters<typeof lockFacts>[0] = {},
  prompt: Parameters<typeof lockPrompt>[0] = {},
) => fittingText(screenText(lockFacts(facts), lockPrompt(prompt)), { columns, rows });

test("a screen with room says who, where, since when, why, until when, what to type, and the administrator's line", () => {
  expect(at(80, 24, { message: "Ask 4711 for help." }, { typed: "***" })).toEqual({
    rows: [
      "afkill: this terminal is locked",
      "",
      "alice on web1, since 2026-12-31 14:05: idle for 15 min",
      "",
      "Nothing is lost. It closes at 15:05 unless you unlock it.",
      "",
      "Ask 4711 for help.",
      "",
      "Or unlock from a second login with  afkill unlock pts/3",
      "",
    ],
    prompt: "Password: ***",
  });
});

test("the cause is told, and by whom", () => {
  expect(at(80, 24, { cause: "user" }).rows[2]).toMatch(/: you locked it$/);
  expect(at(80, 24, { cause: "administrator", by: "bob" }).rows[2]).toMatch(/: locked by bob$/);
  expect(at(80, 24, { cause: "administrator" }).rows[2]).toMatch(/: locked by the administrator$/);
});

test("a lock that never closes says nothing of it, one that closes another day names it", () => {
  expect(at(80, 24, { closesAt: undefined }).rows.join("\n")).not.toContain("closes");
  expect(at(80, 24, { closesAt: new Date(2027, 0, 1, 2, 5) }).rows.join("\n")).toContain(
    "closes at 2027-01-01 02:05",
  );
});

test("what became of the last attempt is said", () => {
  const said = (news: NonNullable<Parameters<typeof lockPrompt>[0]["news"]>, question?: string) =>
    at(80, 24, {}, { news, question });
  expect(said({ kind: "wrong", triesLeft: 4 }, "Password: ").rows).toContain(
    "Wrong answer: 4 tries are left.",
  );
  expect(said({ kind: "wrong", triesLeft: 1 }).rows).toContain("Wrong answer: 1 try is left.");
  expect(said({ kind: "fault", why: "PAM does not answer" }).rows).toContain(
    "Nothing was decided: PAM does not answer",
  );
  expect(said({ kind: "wrong", triesLeft: 4 }).prompt).toBe("Please wait.");
  expect(said({ kind: "closes" })).toMatchObject({ prompt: "" });
  expect(said({ kind: "watched", by: "process 7 (tmux)" }).rows).toContain(
    "No password is asked: process 7 (tmux) can read what is typed here.",
  );
});

test("a question of several rows is shown whole, its last row is the prompt", () => {
  const { rows, prompt } = at(
    80,
    24,
    {},
    { question: "Choose:\r\n\n 1. Push\n 2. Call\n\nOption (1-2):", typed: "1" },
  );
  expect(rows.slice(-4)).toEqual(["Choose:", " 1. Push", " 2. Call", ""]);
  expect(prompt).toBe("Option (1-2): 1");
});

test("whatever PAM says is printable ASCII, and cannot fill the memory", () => {
  const odd = "\x1b]0;x\x07\x1b[2J\x9b1mPäss\u202e\tword\x7f";
  const { rows, prompt } = at(
    60,
    24,
    { user: odd, host: odd, by: odd, message: odd, terminalName: odd },
    {
      question: `${odd}\n${odd}`,
      typed: odd,
      said: [odd, "x".repeat(1 << 20), "\n".repeat(1 << 20), "y\n".repeat(1000)],
      news: { kind: "fault", why: odd },
    },
  );
  for (const row of [...rows, prompt]) expect(row).toMatch(/^[ -~]{0,59}$/);
  expect(rows.length).toBeLessThan(24);
});

test("with little room the most important stays: the last attempt, the title, what PAM said last", () => {
  const prompt = { news: { kind: "wrong", triesLeft: 4 }, said: ["one", "two", "three"] } as const;
  expect(at(80, 2, {}, prompt)).toEqual({ rows: ["Wrong answer: 4 tries are left."], prompt: "Password: " });
  expect(at(80, 5, {}, prompt).rows).toEqual([
    "afkill: this terminal is locked",
    "Wrong answer: 4 tries are left.",
    "two",
    "three",
  ]);
  expect(at(20, 5).rows).toEqual(["afkill: this", "terminal is locked", ""]);
  expect(at(80, 1, {}, prompt)).toEqual({ rows: [], prompt: "Password: " });
  expect(at(1, 1, {}, prompt)).toEqual({ rows: [], prompt: "" });
});

test("an account without a password is told where it unlocks, before anything that can be left out", () => {
  const { rows } = at(80, 4, { hasPassword: false });
  expect(rows).toEqual([
    "afkill: this terminal is locked",
    "This account has no password: unlock from a second login with  afkill unlock",
    "pts/3",
  ]);
});
