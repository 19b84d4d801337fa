// A login whose kind changes while it lives, under a policy that asks for the kind.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LoginKind } from "../../../src/audit/words.ts";
import type { Scene } from "../../../src/guard/act.ts";
import { guard } from "../../../src/guard/guard.ts";
import {
  ageLimitMs,
  judge,
  type PendingNotice,
  type Situation,
  type Verdict,
  WHOLE_LOGIN,
} from "../../../src/guard/judge.ts";
import { BLANK, type Memory, serialise } from "../../../src/guard/memory.ts";
import { parseMemory } from "../../../src/guard/memory-form.ts";
import { observe } from "../../../src/guard/observe.ts";
import { situationOf } from "../../../src/guard/situation.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { type Applied, type AppliedToKind, appliedTo, type Limits } from "../../../src/policy/policy.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { ALICE, hostWith, NOBODY } from "../../support/hosts.ts";

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const OFF = Number.POSITIVE_INFINITY;

const answer = (rule: string, limits: Partial<Limits>): AppliedToKind => ({
  rule,
  exempt: false,
  limits: { ...DEFAULT_LIMITS, idleTimeoutMs: OFF, warnBeforeMs: [M], ...limits },
});
/** A shell may last eight hours, a tunnel for ever. */
const shell = answer("shells", { maxLoginMs: 8 * H });
const other = answer("others", {});
const BY_KIND: Applied = {
  ...shell,
  ofKind: { shell, sftp: other, command: other, tunnel: answer("tunnels", {}) },
};

interface Moment {
  readonly verdict: Verdict;
  readonly applied: Applied;
}

/** Judges a login of no subjects, whose kind is what a test says, look after look. */
function login(policy: Applied = BY_KIND) {
  let standing: Readonly<Record<string, PendingNotice>> = {};
  let before: LoginKind | undefined;
  return (kind: LoginKind, ageMs: number): Moment => {
    const applied = appliedTo(kind, policy);
    const isOtherKind = before !== undefined && before !== kind;
    const situation: Situation = {
      ...{ nowMs: ageMs, applied, ageMs, subjects: [], commandsRun: false, standing, isOtherKind },
    };
    const verdict = judge(situation);
    before = kind;
    standing = verdict.standing;
    return { verdict, applied };
  };
}

const kindsOf = ({ verdict }: Moment) => verdict.decisions.map(({ kind }) => kind);

describe("a notice about the age of the login", () => {
  test("stands aside while the login is of a kind that it does not concern, and nobody watches it", () => {
    const look = login();
    expect(kindsOf(look("shell", 8 * H - M))).toEqual(["notice"]);
    const tunnel = look("tunnel", 8 * H - 30 * S);
    expect(tunnel.verdict).toMatchObject({ decisions: [], noticePending: false });
    expect(tunnel.verdict.standing[WHOLE_LOGIN]).toMatchObject({ isAside: true, promisedMs: 8 * H });
    expect(look("tunnel", 10 * H).verdict.decisions).toEqual([]);
  });

  test("is given once more, in full, when the kind is back, and not a third time", () => {
    const look = login();
    look("shell", 8 * H - M);
    look("tunnel", 9 * H);
    const back = look("shell", 9 * H + S);
    expect(kindsOf(back)).toEqual(["notice"]);
    expect(back.verdict.standing[WHOLE_LOGIN]).toMatchObject({ promisedMs: 9 * H + S + M, isAnew: true });
    expect(back.verdict).toMatchObject({ noticePending: true });
    expect(back.verdict.standing[WHOLE_LOGIN]).not.toHaveProperty("isAside");
    look("tunnel", 9 * H + 30 * S);
    const again = look("shell", 9 * H + 40 * S);
    expect(again.verdict).toMatchObject({ noticePending: true });
    expect(again.verdict.standing[WHOLE_LOGIN]).toMatchObject({ promisedMs: 9 * H + S + M });
    look("tunnel", 9 * H + 50 * S);
    expect(kindsOf(look("shell", 9 * H + 2 * M))).toEqual(["end"]);
  });

  test("is taken back where no kind is that old any more, and where the kind has not changed", () => {
    const look = login();
    look("shell", 8 * H - M);
    const raised = answer("shells", { maxLoginMs: 24 * H });
    const policy = {
      ...BY_KIND,
      ...raised,
      ofKind: { shell: raised, sftp: other, command: other, tunnel: other },
    };
    const standing = look("shell", 8 * H - M).verdict.standing;
    const situation = { nowMs: 8 * H, ageMs: 8 * H - M, subjects: [], commandsRun: false, standing };
    expect(judge({ ...situation, applied: appliedTo("shell", policy) }).decisions).toEqual([
      { kind: "stay", id: WHOLE_LOGIN, why: "policy" },
    ]);
    const young = { ...policy, ofKind: { ...policy.ofKind, tunnel: shell } };
    expect(judge({ ...situation, applied: appliedTo("shell", young) }).standing).toEqual({});
  });

  test("is given in full before the end, and no change of the kind puts off the end more than once", () => {
    const stretch = fc.record({
      kind: fc.constantFrom<LoginKind>("shell", "shell", "tunnel", "sftp"),
      looks: fc.integer({ min: 1, max: 20 }),
    });
    let ends = 0;
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 12 }), (stretches) => {
        const look = login();
        let ageMs = 8 * H - 3 * M;
        let noticesMs: number[] = [];
        for (const { kind, looks } of [...stretches, { kind: "shell" as const, looks: 40 }])
          for (let count = 0; count < looks; count++, ageMs += 5 * S) {
            const moment = look(kind, ageMs);
            // Nobody takes a notice back but the policy, and it stays the same.
            expect(kindsOf(moment)).not.toContain("stay");
            if (kindsOf(moment).includes("notice")) noticesMs = [...noticesMs, ageMs];
            if (!kindsOf(moment).includes("end")) continue;
            ends += 1;
            expect(kind).toBe("shell");
            expect(noticesMs.length).toBeLessThanOrEqual(2);
            expect(ageMs - (noticesMs.at(-1) ?? ageMs)).toBeGreaterThanOrEqual(M - 2 * S);
            return;
          }
        throw new Error("it was never ended");
      }),
      { numRuns: 500 },
    );
    expect(ends).toBe(500);
  });

  test("survives the memory of a check", () => {
    const given = { sinceMs: 1, promisedMs: 2, givenMs: [3], isAside: true };
    const memory: Memory = {
      ...BLANK,
      kind: "tunnel",
      standing: { [WHOLE_LOGIN]: given },
      lastGood: { ...BY_KIND, exemptMaxLoginMs: 5 },
    };
    expect(parseMemory(serialise(memory))).toEqual(memory);
  });
});

test("a tunnel without limits is looked at as soon as a shell in it could be due", () => {
  const idle = answer("shells", { idleTimeoutMs: 10 * M, warnBeforeMs: [] });
  const policy = { ...idle, ofKind: { shell: idle, sftp: other, command: other, tunnel: other } };
  expect(login(policy)("tunnel", 0).verdict.wakeInMs).toBe(login({ ...idle })("shell", 0).verdict.wakeInMs);
});

test("a tunnel that would be too old as a shell is looked at each minute", () => {
  const look = login();
  const wakes = (ageMs: number) => look("tunnel", ageMs).verdict.wakeInMs;
  expect([wakes(7.5 * H), wakes(8 * H - M), wakes(20 * H)]).toEqual([29 * M, M, M]);
});

test("an exempt login ends for its age alone, where the exemption has a limit", () => {
  const exempt = { ...shell, exempt: true, exemptMaxLoginMs: 12 * H };
  expect([ageLimitMs(shell), ageLimitMs(exempt), ageLimitMs({ ...shell, exempt: true })]).toEqual([
    ...[8 * H, 12 * H, OFF],
  ]);
  const look = login(exempt);
  expect(kindsOf(look("shell", 12 * H - M - S))).toEqual([]);
  expect(kindsOf(look("shell", 12 * H - M))).toEqual(["notice"]);
  expect(kindsOf(look("shell", 12 * H))).toEqual(["end"]);
});

describe("a check", () => {
  const decided = { applied: BY_KIND, lastGood: BY_KIND, groups: undefined, complaint: undefined };

  /** The rule and the kind of each look, where the login is of these kinds one after the other. */
  async function looksOf(kinds: readonly (LoginKind | Error)[], memory: Memory = BLANK) {
    const looks: { rule: string; kind: LoginKind }[] = [];
    const saved: Memory[] = [];
    let at = 0;
    const host = hostWith({
      recall: () => ({ memory }),
      decidePolicy: async () => decided,
      observe: async () => {
        const kind = kinds[at++];
        if (kind instanceof Error) throw kind;
        return { ...NOBODY, kind: kind ?? "shell" };
      },
      act: async (_: Verdict, { applied, observation }: Scene) => {
        looks.push({ rule: applied.rule, kind: observation.kind });
        return false;
      },
      save: (it) => saved.push(it) > 0,
    });
    for (const _ of kinds) await guard(host).catch(() => undefined);
    return { looks, saved };
  }

  test("applies what the policy says of the kind that the login is at that look", async () => {
    const { looks, saved } = await looksOf(["tunnel", "shell", "sftp"]);
    expect(looks.map(({ rule }) => rule)).toEqual(["tunnels", "shells", "others"]);
    expect(saved.map(({ kind }) => kind)).toEqual(["tunnel", "shell", "sftp"]);
  });

  test("that can see nothing goes by the kind that the login was last", async () => {
    const { looks } = await looksOf([new Error("nobody may look")], { ...BLANK, kind: "tunnel" });
    expect(looks).toEqual([{ rule: "tunnels", kind: "tunnel" }]);
  });

  test("knows whether the kind has changed since the last look", () => {
    const map = mapClocks([], { bootMs: H, wallMs: H });
    const occasion = { login: ALICE, applied: BY_KIND, map };
    const isOther = (kind: LoginKind | undefined) =>
      situationOf({ ...occasion, memory: { ...BLANK, kind } }, { ...NOBODY, kind: "shell" }).isOtherKind;
    expect([isOther(undefined), isOther("shell"), isOther("tunnel")]).toEqual([false, false, true]);
  });
});

describe("a look", () => {
  const ref = { pid: 2 ** 30, startTicks: 1 };
  const gone = { ...ALICE, privileged: ref, server: ref };
  const map = mapClocks([], { bootMs: H, wallMs: H });
  const memory: Memory = { ...BLANK, kind: "sftp" };

  test("that reads no process knows no kind but the last", async () => {
    const occasion = { login: gone, applied: BY_KIND, memory, map };
    expect(await observe(occasion, { isBlind: true })).toMatchObject({ kind: "sftp" });
    expect(await observe({ ...occasion, memory: BLANK }, { isBlind: true })).toMatchObject({
      kind: "command",
    });
    expect(await observe(occasion, { tree: [] })).toMatchObject({ kind: "tunnel" });
  });

  test("measures a login without a terminal if its own kind has a limit", async () => {
    const limited = answer("tunnels", { noTerminalMs: H });
    const policy = { ...BY_KIND, ofKind: { shell, sftp: other, command: other, tunnel: limited } };
    const measured = async (applied: Applied) =>
      Object.keys((await observe({ login: gone, applied, memory, map }, { tree: [] })).subjects);
    expect(await measured(policy)).toEqual(["login"]);
    expect(await measured({ ...policy, ...limited, ofKind: BY_KIND.ofKind })).toEqual([]);
  });
});
