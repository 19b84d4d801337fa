// judge under virtual time: whole days of logins pass in milliseconds.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  earliestDueMs,
  firstLookMs,
  judge,
  type PendingNotice,
  type Subject,
  type Verdict,
  WHOLE_LOGIN,
} from "../../../src/guard/judge.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import type { Applied, Limits } from "../../../src/policy/policy.ts";

const S = 1000;
const OFF = Number.POSITIVE_INFINITY;
const limits: Limits = {
  ...DEFAULT_LIMITS,
  idleTimeoutMs: 20 * S,
  warnBeforeMs: [10 * S, 5 * S],
  activity: ["input"],
  busyMaxMs: OFF,
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
  let standing: Readonly<Record<string, PendingNotice>> = {};
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
    nowMs +=
      (verdict.noticePending ? verdict.wakeInMs : Math.max(1, Math.ceil(verdict.wakeInMs / S)) * S) +
      lateMs();
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
    expect(kindsOf(steps)).toEqual(["10 notice", "15 notice", "20 end"]);
    expect(endedMs).toBe(20 * S);
  });

  test("is kept by a key after the notice, a full limit longer", () => {
    const { steps } = live(() => applied(), [12 * S], 60 * S);
    expect(kindsOf(steps)).toEqual(["10 notice", "12 stay", "22 notice", "27 notice", "32 end"]);
    const kept = steps.flatMap(({ verdict }) => verdict.decisions).find(({ kind }) => kind === "stay");
    expect(kept).toMatchObject({ why: "activity" });
  });

  test("is looked at before its first notice, so that work shows in time", () => {
    const { steps } = live(() => applied(), [], 60 * S);
    expect(steps.map(({ nowMs }) => nowMs / S).slice(0, 3)).toEqual([0, 5, 10]);
  });

  test("gets the whole notice when the check comes late or the limit is lowered", () => {
    const late = live(() => applied(), [], 90 * S, undefined, 50 * S);
    expect(kindsOf(late.steps)).toEqual(["50 notice", "55 notice", "60 end"]);
    const lowered = live(
      (nowMs) => applied({ idleTimeoutMs: nowMs < 100 * S ? 600 * S : 20 * S }),
      [],
      200 * S,
      undefined,
      100 * S,
    );
    expect(kindsOf(lowered.steps)).toEqual(["100 notice", "105 notice", "110 end"]);
  });

  test("has its notice taken back when the policy is raised, turned off, or exempts the user", () => {
    for (const changed of [
      applied({ idleTimeoutMs: 600 * S }),
      applied({ idleTimeoutMs: OFF }),
      applied({}, true),
    ]) {
      const { steps, endedMs } = live((nowMs) => (nowMs < 13 * S ? applied() : changed), [], 40 * S);
      expect(kindsOf(steps)).toEqual(["10 notice", "13 stay"]);
      expect(endedMs).toBeUndefined();
    }
  });

  test("is ended without a notice only where the policy gives none", () => {
    expect(kindsOf(live(() => applied({ warnBeforeMs: [] }), [], 60 * S).steps)).toEqual(["20 end"]);
    expect(kindsOf(live(() => applied({ warnBeforeMs: [300 * S, 8 * S] }), [], 60 * S).steps)).toEqual([
      "12 notice",
      "20 end",
    ]);
  });
});

describe("a notice that stands when the policy changes", () => {
  test("keeps its promise when the limit is lowered and notices become shorter or none", () => {
    for (const warnBeforeMs of [[], [2 * S]]) {
      const changed = applied({ idleTimeoutMs: 5 * S, warnBeforeMs });
      const { steps, endedMs } = live((nowMs) => (nowMs < 12 * S ? applied() : changed), [], 60 * S);
      expect(endedMs).toBe(20 * S);
      expect(kindsOf(steps).filter((it) => it.endsWith("stay"))).toEqual([]);
    }
  });
});

describe("a check that comes late", () => {
  /** One look at a login that is due after 20 s, with a notice of `noticeS`. */
  const lookAt = (nowMs: number, noticeS: number) =>
    judge({
      nowMs,
      applied: applied({ warnBeforeMs: [noticeS * S] }),
      ageMs: nowMs,
      subjects: [terminal(0)],
      commandsRun: false,
      standing: {},
    });

  test("by 2 s, or by half a short notice, ends the login on time; by more, after the whole notice", () => {
    expect(lookAt(12 * S, 10).endsAtMs["pts/1"]).toBe(20 * S);
    expect(lookAt(12 * S + 1, 10).endsAtMs["pts/1"]).toBe(22 * S + 1);
    expect(lookAt(19 * S, 2).endsAtMs["pts/1"]).toBe(20 * S);
    expect(lookAt(19 * S + 1, 2).endsAtMs["pts/1"]).toBe(21 * S + 1);
  });

  test("looks each second while a notice stands, and at the very end", () => {
    expect(lookAt(10 * S, 10)).toMatchObject({ noticePending: true, wakeInMs: S });
    expect(lookAt(19_700, 0.5)).toMatchObject({ noticePending: true, wakeInMs: 300 });
  });
});

describe("a notice that stood while nobody looked", () => {
  const stages = { idleTimeoutMs: 100 * S, warnBeforeMs: [30 * S, 5 * S] };
  const given: PendingNotice = { sinceMs: 70 * S, promisedMs: 100 * S, givenMs: [30 * S] };
  const look = (nowMs: number, unseenMs: number | undefined, standing = given, atMs = 0) =>
    judge({
      nowMs,
      unseenMs,
      applied: applied(stages),
      ageMs: nowMs,
      subjects: [terminal(atMs)],
      commandsRun: false,
      standing: { "pts/1": standing },
    });

  test("for more than half of it is given anew in full, also when its time is over", () => {
    const { decisions, standing } = look(500 * S, 428 * S);
    const anew = { sinceMs: 70 * S, promisedMs: 530 * S, givenMs: [30 * S], isAnew: true };
    expect(decisions).toEqual([{ kind: "notice", id: "pts/1", standing: anew, endsAtMs: 530 * S }]);
    expect(standing).toEqual({ "pts/1": anew });
    expect(look(91 * S, 15_001).endsAtMs["pts/1"]).toBe(121 * S);
  });

  test("is given anew once, whatever comes", () => {
    let standing = given;
    let nowMs = 70 * S;
    for (let n = 0; n < 9; n++) {
      nowMs += 25 * S;
      const verdict = look(nowMs, 25 * S, standing);
      standing = verdict.standing["pts/1"] ?? standing;
      if (verdict.decisions[0]?.kind === "end") break;
    }
    // Looks 25 s apart: at 95 s anew until 125 s, at 120 s not again.
    expect(nowMs).toBe(145 * S);
  });

  test("for less, as a busy machine may take, ends the login on time", () => {
    expect(look(100 * S, 15 * S).decisions).toMatchObject([{ kind: "end" }]);
    expect(look(90 * S, 15 * S).endsAtMs["pts/1"]).toBe(100 * S);
    expect(look(100 * S, undefined).decisions).toMatchObject([{ kind: "end" }]);
    const short = { ...stages, warnBeforeMs: [4 * S] };
    const shortNotice = (unseenMs: number) =>
      judge({
        nowMs: 100 * S,
        unseenMs,
        applied: applied(short),
        ageMs: 0,
        subjects: [terminal(0)],
        commandsRun: false,
        standing: { "pts/1": { sinceMs: 96 * S, promisedMs: 100 * S, givenMs: [4 * S] } },
      }).decisions;
    expect(shortNotice(10 * S)).toMatchObject([{ kind: "end" }]);
    expect(shortNotice(10_001)).toMatchObject([{ kind: "notice" }]);
  });

  test("is taken back by a key that came before anybody could look", () => {
    expect(look(500 * S, 428 * S, given, 490 * S).decisions).toEqual([
      { kind: "stay", id: "pts/1", why: "activity" },
    ]);
  });

  test("about the age of the login is given anew too", () => {
    const verdict = judge({
      nowMs: 500 * S,
      unseenMs: 428 * S,
      applied: applied({ ...stages, idleTimeoutMs: OFF, maxLoginMs: 100 * S }),
      ageMs: 500 * S,
      subjects: [terminal(500 * S)],
      commandsRun: false,
      standing: { [WHOLE_LOGIN]: given },
    });
    expect(verdict.decisions).toMatchObject([{ kind: "notice", id: WHOLE_LOGIN, endsAtMs: 530 * S }]);
  });
});

test("a key after a notice answers it, and the next notice is a new one", () => {
  const standing: PendingNotice = { sinceMs: 10 * S, promisedMs: 20 * S, givenMs: [10 * S] };
  const look = (atMs: number, nowMs: number) =>
    judge({
      nowMs,
      applied: applied(),
      ageMs: nowMs,
      subjects: [terminal(atMs)],
      commandsRun: false,
      standing: { "pts/1": standing },
    });
  expect(look(12 * S, 12.5 * S).decisions).toEqual([{ kind: "stay", id: "pts/1", why: "activity" }]);
  expect(look(0, 12.5 * S).decisions).toEqual([]);
  // Seen late, when the login is due again: the next notice is a new one, whole.
  expect(look(11 * S, 25 * S).decisions).toEqual([
    { kind: "stay", id: "pts/1", why: "activity" },
    { kind: "notice", id: "pts/1", standing: expect.objectContaining({ sinceMs: 25 * S }), endsAtMs: 35 * S },
  ]);
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
    expect(decisions).toEqual([{ kind: "hang-up", id: "pts/1", reason: "idle" }]);
  });

  test("a locked one ends with an idle one only when both are due", () => {
    const locked = (sinceMs: number): Subject => ({
      ...terminal(99 * S, "pts/2"),
      lock: { sinceMs, wrongAnswers: 0 },
    });
    const two = (sinceMs: number, more: Partial<Limits>) =>
      judge({
        nowMs: 100 * S,
        applied: applied({ warnBeforeMs: [], lockMaxMs: 60 * S, ...more }),
        ageMs: 0,
        subjects: [terminal(0, "pts/1"), locked(sinceMs)],
        commandsRun: false,
        standing: {},
      }).decisions;
    expect(two(41 * S, {})).toEqual([{ kind: "hang-up", id: "pts/1", reason: "idle" }]);
    expect(two(40 * S, {})).toMatchObject([{ kind: "end", ids: ["pts/1", "pts/2"] }]);
    // One locks now, the other has been locked for long enough.
    expect(two(40 * S, { atLimit: "lock" })).toEqual([
      { kind: "lock", id: "pts/1", cause: "idle", by: "" },
      { kind: "hang-up", id: "pts/2", reason: "lock_max" },
    ]);
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
    expect(kindsOf(steps)).toEqual(["50 notice", "55 notice", "60 end"]);
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

test("a login that has no terminal ends with the commands that run in it", () => {
  const verdict = judge({
    nowMs: 100 * S,
    applied: applied({ noTerminalMs: 20 * S, warnBeforeMs: [] }),
    ageMs: 100 * S,
    subjects: [{ id: "login", kind: "login", lastActivity: { source: "login", atMs: 0, detail: "" } }],
    commandsRun: true,
    standing: {},
  });
  expect(verdict.decisions).toEqual([{ kind: "end", reason: "idle", ids: ["login"] }]);
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
  expect(verdict).toMatchObject({ decisions: [], noticePending: false, wakeInMs: earliestDueMs(limits) });
});

test("a login is first looked at when it could be due, and soon where one without a terminal has a limit", () => {
  const day = { ...limits, idleTimeoutMs: 900 * S, warnBeforeMs: [300 * S] };
  expect(firstLookMs(day)).toBe(540 * S);
  expect(firstLookMs({ ...day, noTerminalMs: 900 * S })).toBe(8 * S);
  expect(firstLookMs({ ...day, noTerminalMs: 10 * S, warnBeforeMs: [] })).toBe(5 * S);
  expect(firstLookMs({ ...day, idleTimeoutMs: OFF })).toBe(OFF);
});

describe("for any limit", () => {
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
