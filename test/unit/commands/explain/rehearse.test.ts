import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Behaviour, type Rehearsal, rehearse } from "../../../../src/commands/explain/rehearse.ts";
import { type EndReason, judge, type PendingNotice, WHOLE_LOGIN } from "../../../../src/guard/judge.ts";
import { DEFAULT_LIMITS } from "../../../../src/policy/merge.ts";
import type { Applied, Limits } from "../../../../src/policy/policy.ts";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const OFF = Number.POSITIVE_INFINITY;

function applied(limits: Partial<Limits> = {}, exempt = false): Applied {
  return { rule: "top level", exempt, limits: { ...DEFAULT_LIMITS, ...limits } };
}

const idle = (kind: Behaviour["kind"]): Behaviour => ({ kind, activeForMs: 0 });

const NOTHING: Rehearsal = { warnings: [], lock: undefined, end: undefined };
/** Locks for an hour at most. */
const LOCKING: Partial<Limits> = { atLimit: "lock", lockMaxMs: H };

describe("a rehearsal", () => {
  it("tells the notices and the end of an idle terminal", () => {
    expect(rehearse(applied(), idle("terminal"))).toEqual({
      warnings: [
        { afterMs: 10 * M, beforeEndMs: 5 * M, reason: "idle" },
        { afterMs: 14 * M, beforeEndMs: M, reason: "idle" },
      ],
      lock: undefined,
      end: { afterMs: 15 * M, reason: "idle" },
    });
  });

  it("tells the lock in the place of the end, and the end of a terminal that stays locked", () => {
    const { warnings } = rehearse(applied(), idle("terminal"));
    const lock = { afterMs: 15 * M, reason: "idle" } as const;
    const told = (limits: Partial<Limits>) => rehearse(applied({ ...LOCKING, ...limits }), idle("terminal"));
    expect(told({})).toEqual({ warnings, lock, end: { afterMs: 75 * M, reason: "lock_max" } });
    expect(told({ lockMaxMs: OFF })).toEqual({ warnings, lock, end: undefined });
    expect(told({ maxLoginMs: 8 * H }).end).toEqual({ afterMs: 75 * M, reason: "lock_max" });
    expect(told({ lockMaxMs: OFF, maxLoginMs: 8 * H }).end).toEqual({ afterMs: 8 * H, reason: "max_login" });
  });

  it("has no lock where nothing can lock: without a terminal, for the age of a login, without a limit", () => {
    const told = (limits: Partial<Limits>, kind: Behaviour["kind"] = "terminal") =>
      rehearse(applied({ ...LOCKING, ...limits }), idle(kind));
    const ends = { lock: undefined, end: { reason: "idle" } };
    expect(told({ noTerminalMs: H }, "login")).toMatchObject(ends);
    expect(told({ maxLoginMs: 12 * M })).toMatchObject({ ...ends, end: { reason: "max_login" } });
    expect(told({ idleTimeoutMs: OFF })).toEqual({ warnings: [], lock: undefined, end: undefined });
  });

  it("leaves out a notice that a limit is too short for", () => {
    const { warnings, end } = rehearse(applied({ idleTimeoutMs: 5 * M }), idle("terminal"));
    expect(warnings.map(({ afterMs }) => afterMs)).toEqual([4 * M]);
    expect(end?.afterMs).toBe(5 * M);
  });

  it("goes by no_terminal where there is none", () => {
    expect(rehearse(applied(), idle("login"))).toEqual(NOTHING);
    expect(rehearse(applied({ noTerminalMs: H }), idle("login")).end).toEqual({ afterMs: H, reason: "idle" });
  });

  it("starts to count when the activity stops", () => {
    const working: Behaviour = { kind: "terminal", activeForMs: 4 * H };
    expect(rehearse(applied(), working).end).toEqual({ afterMs: 4 * H + 15 * M, reason: "idle" });
    expect(rehearse(applied(), { kind: "terminal", activeForMs: OFF }).end).toBeUndefined();
  });

  it("tells what max_login does to an active login, and which limit comes first", () => {
    const limits = { maxLoginMs: 8 * H };
    expect(rehearse(applied(limits), { kind: "terminal", activeForMs: OFF })).toEqual({
      warnings: [
        { afterMs: 8 * H - 5 * M, beforeEndMs: 5 * M, reason: "max_login" },
        { afterMs: 8 * H - M, beforeEndMs: M, reason: "max_login" },
      ],
      lock: undefined,
      end: { afterMs: 8 * H, reason: "max_login" },
    });
    expect(rehearse(applied(limits), idle("terminal")).end?.reason).toBe("idle");
    expect(rehearse(applied({ maxLoginMs: 12 * M }), idle("terminal")).end).toEqual({
      afterMs: 12 * M,
      reason: "max_login",
    });
  });

  it("has nothing to tell of an exempt login", () => {
    const limits = { noTerminalMs: H, maxLoginMs: H };
    for (const kind of ["terminal", "login"] as const)
      expect(rehearse(applied({ ...LOCKING, ...limits }, true), idle(kind))).toEqual(NOTHING);
  });

  it("tells only the age of an exempt login that may not last for ever, and no lock", () => {
    const exempt = { ...applied({ ...LOCKING, maxLoginMs: H }, true), exemptMaxLoginMs: 12 * H };
    const { lock, end } = rehearse(exempt, idle("terminal"));
    expect([lock, end]).toEqual([undefined, { afterMs: 12 * H, reason: "max_login" }]);
  });

  it("says what a check would do that looks every second", () => {
    const seconds = (most: number) => fc.integer({ min: 1, max: most }).map((s) => s * S);
    const maybeOff = (most: number) => fc.option(seconds(most), { nil: OFF });
    const limits = fc.record({
      idleTimeoutMs: maybeOff(120),
      noTerminalMs: maybeOff(120),
      maxLoginMs: maybeOff(240),
      warnBeforeMs: fc
        .uniqueArray(seconds(60), { maxLength: 4 })
        .map((times) => [...times].sort((a, b) => b - a)),
    });
    const behaviour = fc.record({
      kind: fc.constantFrom("terminal" as const, "login" as const),
      activeForMs: fc.oneof(fc.constant(0), fc.constant(OFF), seconds(100)),
    });
    fc.assert(
      fc.property(limits, behaviour, (some, how) => {
        expect(rehearse(applied(some), how)).toEqual(lived(applied(some), how, 400 * S));
      }),
      { numRuns: 300 },
    );
  });
});

/** The same second by second. */
function lived(policy: Applied, { kind, activeForMs }: Behaviour, longestMs: number): Rehearsal {
  const warnings: { afterMs: number; beforeEndMs: number; reason: EndReason }[] = [];
  let standing: Readonly<Record<string, PendingNotice>> = {};
  for (let nowMs = 0; nowMs <= longestMs; nowMs += S) {
    const lastActivity = { source: "input", atMs: Math.min(nowMs, activeForMs), detail: "" } as const;
    const verdict = judge({
      nowMs,
      applied: policy,
      ageMs: nowMs,
      subjects: [{ id: "it", kind, lastActivity }],
      commandsRun: false,
      standing,
    });
    for (const decision of verdict.decisions) {
      if (decision.kind === "end")
        return { warnings, lock: undefined, end: { afterMs: nowMs, reason: decision.reason } };
      if (decision.kind === "notice")
        warnings.push({
          afterMs: nowMs,
          beforeEndMs: decision.endsAtMs - nowMs,
          reason: decision.id === WHOLE_LOGIN ? "max_login" : "idle",
        });
    }
    standing = verdict.standing;
  }
  return { ...NOTHING, warnings };
}
