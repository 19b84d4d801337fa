// What happens to a login that behaves in a given way from now on. Asks `judge` at every moment when its answer can change.
import { ageLimitMs, type EndReason, judge, type PendingNotice, WHOLE_LOGIN } from "../../guard/judge.ts";
import type { Applied } from "../../policy/policy.ts";

/** How a login behaves from now on. */
export interface Behaviour {
  readonly kind: "terminal" | "login";
  /** The login is active for so long, in milliseconds from now, and idle after that. 0: idle from now on. */
  readonly activeForMs: number;
}

/** A notice: how long from now, and how long before the end. */
export interface Warning {
  readonly afterMs: number;
  readonly beforeEndMs: number;
  readonly reason: EndReason;
}

/** The future of a login; no end if nothing ends it. */
export interface Rehearsal {
  readonly warnings: readonly Warning[];
  readonly end: { readonly afterMs: number; readonly reason: EndReason } | undefined;
}

/** Plays a login to its end. Times do not include suspends: suspended time is added to them. */
export function rehearse(applied: Applied, { kind, activeForMs }: Behaviour): Rehearsal {
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
