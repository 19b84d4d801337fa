// judge under virtual time: whole days of logins pass in milliseconds.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  earliestDueMs,
  judge,
  type Standing,
  type Subject,
  type Verdict,
  WHOLE_LOGIN,
} from "../../src/judge.ts";
import type { Applied, Limits } from "../../src/policy/policy.ts";

const S = 1000;
const OFF = Number.POSITIVE_INFINITY;
const limits: Limits = {
  idleTimeoutMs: 20 * S,
  warnBeforeMs: [10 * S, 5 * S],
  activity: ["input"],
  busyMaxMs: OFF,
  noTerminalMs: OFF,
  maxLoginMs: OFF,
  maxStayMs: OFF,
  message: "",
};
const applied = (change: Partial<Limits> = {}, exempt = false): Applied => ({
  rule: "top level",
  exempt,
  limits: { ...limits, ...change },
});
const terminal = (atMs: number, id = "pts/1"): Subject => ({
  id,
  kind: "terminal",
  lastActivity: { source: "input", atMs, detail: "a key" },
});

interface Step {
  readonly nowMs: number;
  readonly verdict: Verdict;
}

/** Runs a login with keys at the given times, woken when `judge` asks for it (or late), until it ends or `untilMs` has passed. */
function live(
  policy: (nowMs: number) => Applied,
  keysMs: readonly number[],
  untilMs: number,
  lateMs: () => number = () => 0,
  startMs = 0,
): { steps: Step[]; endedMs: number | undefined } {
  let standing: Readonly<Record<string, Standing>> = {};
  const steps: Step[] = [];
  for (let nowMs = startMs; nowMs < untilMs; ) {
    const lastKeyMs = Math.max(0, ...keysMs.filter((ms) => ms <= nowMs));
    const verdict = judge({
      nowMs,
      applied: policy(nowMs),
      ageMs: nowMs,
      subjects: [terminal(lastKeyMs)],
      commandsRun: false,
      standing,
    });
    steps.push({ nowMs, verdict });
    if (verdict.decisions.some(({ kind }) => kind === "end")) return { steps, endedMs: nowMs };
    standing = verdict.standing;
    // A check that exits prints whole seconds.
    nowMs += (verdict.stay ? verdict.wakeInMs : Math.max(1, Math.ceil(verdict.wakeInMs / S)) * S) + lateMs();
  }
  return { steps, endedMs: undefined };
}

const kindsOf = (steps: Step[]) =>
  steps.flatMap(({ nowMs, verdict }) =>
    verdict.decisions.map(({ kind }) => `${Math.floor(nowMs / S)} ${kind}`),
  );

describe("an idle terminal", () => {
  test("is warned at each stage and ended at its limit", () => {
    const { steps, endedMs } = live(() => applied(), [], 60 * S);
    expect(kindsOf(steps)).toEqual(["10 warn", "15 warn", "20 end"]);
    expect(endedMs).toBe(20 * S);
  });

  test("is kept by a key after the notice, a full limit longer", () => {
    const { steps } = live(() => applied(), [12 * S], 60 * S);
    expect(kindsOf(steps)).toEqual(["10 warn", "12 keep", "22 warn", "27 warn", "32 end"]);
    const kept = steps.flatMap(({ verdict }) => verdict.decisions).find(({ kind }) => kind === "keep");
    expect(kept).toMatchObject({ why: "activity" });
  });

  test("is looked at before its first notice, so that work shows in time", () => {
    const { steps } = live(() => applied(), [], 60 * S);
    expect(steps.map(({ nowMs }) => nowMs / S).slice(0, 3)).toEqual([0, 5, 10]);
  });

  test("gets the whole notice when the check comes late or the limit is lowered", () => {
    const late = live(() => applied(), [], 90 * S, undefined, 50 * S);
    expect(kindsOf(late.steps)).toEqual(["50 warn", "55 warn", "60 end"]);
    const lowered = live(
      (nowMs) => applied({ idleTimeoutMs: nowMs < 100 * S ? 600 * S : 20 * S }),
      [],
      200 * S,
      undefined,
      100 * S,
    );
    expect(kindsOf(lowered.steps)).toEqual(["100 warn", "105 warn", "110 end"]);
  });

  test("has its notice taken back when the policy is raised, turned off, or exempts the user", () => {
    for (const changed of [
      applied({ idleTimeoutMs: 600 * S }),
      applied({ idleTimeoutMs: OFF }),
      applied({}, true),
    ]) {
      const { steps, endedMs } = live((nowMs) => (nowMs < 13 * S ? applied() : changed), [], 40 * S);
      expect(kindsOf(steps)).toEqual(["10 warn", "13 keep"]);
      expect(endedMs).toBeUndefined();
    }
  });

  test("is ended without a notice only where the policy gives none", () => {
    expect(kindsOf(live(() => applied({ warnBeforeMs: [] }), [], 60 * S).steps)).toEqual(["20 end"]);
    expect(kindsOf(live(() => applied({ warnBeforeMs: [300 * S, 8 * S] }), [], 60 * S).steps)).toEqual([
      "12 warn",
      "20 end",
    ]);
  });
});

describe("several terminals of one login", () => {
  const judgeTwo = (subjects: Subject[], commandsRun = false) =>
    judge({
      nowMs: 100 * S,
      applied: applied({ warnBeforeMs: [] }),
      ageMs: 0,
      subjects,
      commandsRun,
      standing: {},
    });

  test("the idle one is hung up alone", () => {
    const { decisions } = judgeTwo([terminal(0, "pts/1"), terminal(99 * S, "pts/2")]);
    expect(decisions).toEqual([{ kind: "hang-up", id: "pts/1" }]);
  });

  test("the login ends when all are idle, unless a command runs beside them", () => {
    const both = [terminal(0, "pts/1"), terminal(0, "pts/2")];
    expect(judgeTwo(both).decisions).toEqual([{ kind: "end", reason: "idle", ids: ["pts/1", "pts/2"] }]);
    expect(judgeTwo(both, true).decisions.map(({ kind }) => kind)).toEqual(["hang-up", "hang-up"]);
  });
});

describe("max_login", () => {
  test("warns and ends even an active login", () => {
    const keysMs = Array.from({ length: 200 }, (_, second) => second * S);
    const { steps } = live(() => applied({ maxLoginMs: 60 * S }), keysMs, 100 * S);
    expect(kindsOf(steps)).toEqual(["50 warn", "55 warn", "60 end"]);
    expect(steps.at(-1)?.verdict.decisions).toEqual([{ kind: "end", reason: "max_login", ids: ["pts/1"] }]);
    expect(steps.find(({ verdict }) => verdict.decisions.length > 0)?.verdict.standing).toHaveProperty(
      WHOLE_LOGIN,
    );
  });

  test("does not touch an exempt login", () => {
    const { endedMs } = live(() => applied({ maxLoginMs: 60 * S }, true), [], 300 * S);
    expect(endedMs).toBeUndefined();
  });
});

test("a login that has no terminal rests until one could have opened and fallen idle", () => {
  const verdict = judge({
    nowMs: 0,
    applied: applied(),
    ageMs: 0,
    subjects: [{ id: "login", kind: "login", lastActivity: { source: "login", atMs: 0, detail: "" } }],
    commandsRun: true,
    standing: {},
  });
  expect(verdict).toMatchObject({ decisions: [], stay: false, wakeInMs: earliestDueMs(limits) });
});

describe("for any history of keys and late wake-ups", () => {
  const history = fc.record({
    idleS: fc.integer({ min: 2, max: 3_600 }),
    warnS: fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 3 }),
    keysS: fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 30 }),
    latesMs: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 10 }),
  });

  test("no login ends before its limit, or without the notice that the policy gives, or never", () => {
    fc.assert(
      fc.property(history, ({ idleS, warnS, keysS, latesMs }) => {
        const warnBeforeMs = [...new Set(warnS)].sort((a, b) => b - a).map((s) => s * S);
        const policy = applied({ idleTimeoutMs: idleS * S, warnBeforeMs });
        const keysMs = keysS.map((s) => s * S);
        let turn = 0;
        // A late wake-up only happens to the watchdog's sleep; the check that stays looks each second.
        const lateMs = () => latesMs[turn++ % latesMs.length] ?? 0;
        const { steps, endedMs } = live(() => policy, keysMs, 100_000 * S, lateMs);
        if (endedMs === undefined) throw new Error("never ended");

        const lastKeyMs = Math.max(0, ...keysMs.filter((ms) => ms <= endedMs));
        expect(endedMs - lastKeyMs).toBeGreaterThanOrEqual(idleS * S);
        const longestMs = Math.max(0, ...warnBeforeMs.filter((ms) => ms < idleS * S));
        const looksLate = 4 * Math.max(...latesMs) + 5 * S;
        expect(endedMs - lastKeyMs).toBeLessThanOrEqual(idleS * S + longestMs + looksLate);
        const warned = steps.findLast(({ verdict }) => verdict.decisions.some(({ kind }) => kind === "warn"));
        if (longestMs > 0) expect(warned && endedMs - warned.nowMs).toBeGreaterThan(0);
      }),
      { numRuns: 500, examples: [[{ idleS: 2, warnS: [1], keysS: [], latesMs: [1000, 0] }]] },
    );
  });

  test("a login that is typed in more often than its quiet time is never disturbed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 900 }), (idleS) => {
        const policy = applied({ idleTimeoutMs: idleS * S, warnBeforeMs: [10 * S] });
        const keysMs = Array.from({ length: 500 }, (_, n) => n * (idleS - 12) * S);
        const { steps } = live(() => policy, keysMs, 400 * (idleS - 12) * S);
        expect(kindsOf(steps)).toEqual([]);
      }),
    );
  });
});
