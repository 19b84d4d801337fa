// What happens to a login that behaves in a given way from now on. Asks `judge` at every moment when its answer can change.
import { ageLimitMs, type EndReason, judge, type PendingNotice, WHOLE_LOGIN } from "../../guard/judge.ts";
import { lockMaxMs } from "../../guard/locked.ts";
import type { Applied } from "../../policy/policy.ts";

/** How a login behaves from now on. */
export interface Behaviour {
  readonly kind: "terminal" | "login";
  /** The login is active for so long, in milliseconds from now, and idle after that. 0: idle from now on. */
  readonly activeForMs: number;
}

/** A notice: how long from now, and how long before the end, or before the lock if the terminal locks. */
export interface Warning {
  readonly afterMs: number;
  readonly beforeEndMs: number;
  readonly reason: EndReason;
}

/** Something that a limit does, so long from now. */
interface Event<Reason> {
  readonly afterMs: number;
  readonly reason: Reason;
}

/** The future of a login; no lock if nothing locks it, no end if nothing ends it. */
export interface Rehearsal {
  readonly warnings: readonly Warning[];
  readonly lock: Event<"idle"> | undefined;
  readonly end: Event<EndReason | "lock_max"> | undefined;
}

/** Plays a login to its end. Nobody unlocks it. Times do not include suspends: suspended time is added to them. */
export function rehearse(applied: Applied, behaviour: Behaviour): Rehearsal {
  const { limits } = applied;
  const closing = { ...applied, limits: { ...limits, atLimit: "end" } } as const;
  const { warnings, end } = play(closing, behaviour);
  const locks = limits.atLimit === "lock" && behaviour.kind === "terminal" && end?.reason === "idle";
  if (!locks) return { warnings, lock: undefined, end };
  return { warnings, lock: { afterMs: end.afterMs, reason: "idle" }, end: endOfLock(end.afterMs, applied) };
}

/** What ends a terminal that was locked then: the time that a lock may last, or the age of the login. */
function endOfLock(lockedMs: number, applied: Applied): Rehearsal["end"] {
  const closedMs = lockedMs + lockMaxMs(applied);
  const maxLoginMs = ageLimitMs(applied);
  const end =
    maxLoginMs <= closedMs
      ? ({ afterMs: maxLoginMs, reason: "max_login" } as const)
      : ({ afterMs: closedMs, reason: "lock_max" } as const);
  return Number.isFinite(end.afterMs) ? end : undefined;
}

/** A login up to its end, where every limit closes. */
interface Played {
  readonly warnings: readonly Warning[];
  readonly end: Event<EndReason> | undefined;
}

function play(applied: Applied, { kind, activeForMs }: Behaviour): Played {
  const { limits } = applied;
  const idleEndMs = activeForMs + (kind === "terminal" ? limits.idleTimeoutMs : limits.noTerminalMs);
  const endsMs = [idleEndMs, ageLimitMs(applied)].filter(Number.isFinite);
  const momentsMs = endsMs.flatMap((endMs) => [endMs, ...limits.warnBeforeMs.map((ms) => endMs - ms)]);

  const warnings: Warning[] = [];
  let standing: Readonly<Record<string, PendingNotice>> = {};
  for (const nowMs of [...new Set(momentsMs)].filter((ms) => ms >= 0).sort((a, b) => a - b)) {
    const atMs = Math.min(nowMs, activeForMs);
    const lastActivity = { source: "input", atMs, detail: "" } as const;
    const subjects = [{ id: kind, kind, lastActivity }];
    const verdict = judge({ nowMs, applied, ageMs: nowMs, subjects, commandsRun: false, standing });
    for (const decision of verdict.decisions) {
      if (decision.kind === "end") return { warnings, end: { afterMs: nowMs, reason: decision.reason } };
      if (decision.kind !== "notice") continue;
      const reason = decision.id === WHOLE_LOGIN ? "max_login" : "idle";
      warnings.push({ afterMs: nowMs, beforeEndMs: decision.endsAtMs - nowMs, reason });
    }
    standing = verdict.standing;
  }
  return { warnings, end: undefined };
}
