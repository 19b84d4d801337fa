// The countdown to a limit: when its notices are given, what they promise, and when to look again. Pure.
import type { Applied } from "../policy/policy.ts";
import type { IdleMs } from "../system/clock.ts";

/** A notice that was given and is not answered yet: the promised time, and the stages that were given. */
export interface PendingNotice<At extends number = IdleMs> {
  readonly sinceMs: At;
  /** The time that the first notice promised. The login does not end before it, whatever else changes. */
  readonly promisedMs: At;
  /** The stages given, as `warn_before` names them. */
  readonly givenMs: readonly number[];
  /** It was given again because nobody can have seen the first one. This happens only once. */
  readonly isAnew?: boolean | undefined;
  /** The login has become a kind that this notice does not concern. It is neither shown nor taken back until the kind is back. */
  readonly isAside?: boolean | undefined;
}

/** How often to look while a notice stands. */
export const WATCH_MS = 1_000;
/**
 * If a check is late by at most this, or by half of a short notice, it ends the login on time. A later check gives the full notice first.
 */
const LATE_MS = 2_000;
/**
 * On a machine that is only busy two looks are never this far apart. If they are, and by more than half of a standing notice, the machine
 * was paused. Then the full notice is given again, but only once: no machine can put off an ending for longer.
 */
const UNSEEN_MS = 10_000;
/** A look this long before the first notice shows work before anybody is disturbed. */
const LEAD_MS = 60_000;

/** How long before the end the first notice is given; 0 if the policy gives none. */
export function noticeMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  return Math.max(0, ...warnBeforeMs.filter((ms) => ms < limitMs));
}

/** How long after its last activity a subject is first looked at: a little before its first notice. */
export function firstLookAfterMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  const quietMs = limitMs - noticeMs(limitMs, warnBeforeMs);
  return quietMs - Math.min(LEAD_MS, quietMs / 2);
}

/** What one countdown asks for now. It runs for idleness or for the age of the login. */
export interface Countdown {
  readonly step: "rest" | "notice" | "wait" | "end";
  readonly standing?: PendingNotice;
  readonly endsAtMs: IdleMs;
  readonly wakeInMs: number;
}

/** Runs a countdown that would end at `dueMs`, given what was promised before. */
export function countDown(
  { dueMs, limitMs }: { readonly dueMs: IdleMs; readonly limitMs: number },
  warnBeforeMs: readonly number[],
  nowMs: IdleMs,
  standing: PendingNotice | undefined,
): Countdown {
  const stagesMs = warnBeforeMs.filter((ms) => ms < limitMs);
  const longestMs = noticeMs(limitMs, stagesMs);
  // The check is late, or the limit was lowered: the full notice is given anyway.
  const shortOfNotice = nowMs + longestMs - dueMs > Math.min(LATE_MS, longestMs / 2);
  const promisedMs = standing?.promisedMs ?? (shortOfNotice ? nowMs + longestMs : dueMs);
  const endsAtMs = Math.max(dueMs, promisedMs);
  if (nowMs >= endsAtMs) return { step: "end", endsAtMs, wakeInMs: WATCH_MS };

  const leftMs = endsAtMs - nowMs;
  // A promise that lasts longer than the limit stays valid, even if the policy gives shorter notices now.
  const isPromised = standing !== undefined && promisedMs >= dueMs;
  if (leftMs > longestMs && !isPromised) {
    const lookMs = dueMs - limitMs + firstLookAfterMs(limitMs, stagesMs);
    const wakeInMs = lookMs > nowMs ? lookMs - nowMs : leftMs - longestMs;
    return { step: "rest", endsAtMs, wakeInMs };
  }
  const givenMs = stagesMs.filter((ms) => ms >= leftMs);
  const isNew = givenMs.some((ms) => !standing?.givenMs.includes(ms));
  const wakeInMs = Math.min(WATCH_MS, leftMs);
  const kept = { ...standing, sinceMs: standing?.sinceMs ?? nowMs, promisedMs, givenMs };
  return { step: isNew ? "notice" : "wait", standing: kept, endsAtMs, wakeInMs };
}

/** When a notice is judged. `unseenMs`: how long ago the same check looked last. */
interface Moment {
  readonly nowMs: IdleMs;
  readonly unseenMs?: number | undefined;
  readonly applied: Applied;
}

/** The standing notice, or a new one in its place: see `UNSEEN_MS`. One that was set aside cannot have been seen since then either. */
export function seenNotice(
  standing: PendingNotice | undefined,
  limitMs: number,
  { nowMs, unseenMs = 0, applied }: Moment,
): PendingNotice | undefined {
  const longestMs = noticeMs(limitMs, applied.limits.warnBeforeMs);
  if (!standing) return undefined;
  const { isAside = false, ...given } = standing;
  const wasUnseen = isAside || unseenMs > Math.max(UNSEEN_MS, longestMs / 2);
  if (given.isAnew || !wasUnseen) return given;
  return { sinceMs: given.sinceMs, promisedMs: nowMs + longestMs, givenMs: [], isAnew: true };
}
