// What would become of a login that behaves in some way from now on: `judge` is asked at every moment at which its answer can change.
import { type EndReason, judge, type PendingNotice, WHOLE_LOGIN } from "../../guard/judge.ts";
import type { Applied } from "../../policy/policy.ts";

/** How a login that begins now goes on. */
export interface Behaviour {
  readonly kind: "terminal" | "login";
  /** Something happens on it until then, in milliseconds from now; nothing later. 0: it is idle from now on. */
  readonly activeForMs: number;
}

/** A notice: how long from now, and how long before the end. */
export interface Warning {
  readonly afterMs: number;
  readonly beforeEndMs: number;
  readonly reason: EndReason;
}

/** What a login has before it; no end where nothing ends it. */
export interface Rehearsal {
  readonly warnings: readonly Warning[];
  readonly end: { readonly afterMs: number; readonly reason: EndReason } | undefined;
}

/** Plays a login through to its end. Times are what the clock shows: suspended time comes on top. */
export function rehearse(applied: Applied, { kind, activeForMs }: Behaviour): Rehearsal {
  const { limits } = applied;
  const idleEndMs = activeForMs + (kind === "terminal" ? limits.idleTimeoutMs : limits.noTerminalMs);
  const endsMs = [idleEndMs, limits.maxLoginMs].filter(Number.isFinite);
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
