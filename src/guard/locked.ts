// What ends a locked terminal: how long it has been locked, or how many wrong answers were given. Nothing that happens on it counts. Pure.
import type { LockCause } from "../lock/record.ts";
import type { Applied } from "../policy/policy.ts";
import type { IdleMs } from "../system/clock.ts";

/** A terminal that is locked. */
export interface Locked {
  readonly sinceMs: IdleMs;
  readonly wrongAnswers: number;
}

/** Somebody asked that a terminal locks at once. */
export interface AskedLock {
  readonly cause: Exclude<LockCause, "idle">;
  /** The administrator who asked; empty for the user. */
  readonly by: string;
}

export type LockEndReason = "lock_max" | "lock_tries";

/** When a locked terminal ends, and why it ends now; `Infinity` and `undefined` if nothing ends it. */
export interface LockEnd {
  readonly endsAtMs: IdleMs;
  readonly reason: LockEndReason | undefined;
}

/** How long a terminal may stay locked, in ms. For a login that nothing ends it is `Infinity`: then its user has asked for the lock. */
export function lockMaxMs({ exempt, limits }: Applied): number {
  return exempt ? Number.POSITIVE_INFINITY : limits.lockMaxMs;
}

/** The end of a locked terminal. */
export function lockEnd({ sinceMs, wrongAnswers }: Locked, applied: Applied, nowMs: IdleMs): LockEnd {
  if (wrongAnswers >= applied.limits.lockTries) return { endsAtMs: nowMs, reason: "lock_tries" };
  const endsAtMs = sinceMs + lockMaxMs(applied);
  return { endsAtMs, reason: nowMs >= endsAtMs ? "lock_max" : undefined };
}
