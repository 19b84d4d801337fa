// The only place that decides. Pure: no I/O, no clock of its own. All times are in ms on the idle clock (see clock.ts).
import type { Evidence } from "../activity/evidence.ts";
import type { LockCause } from "../lock/record.ts";
import { type Applied, type AppliedToKind, type Limits, limitsOfKinds } from "../policy/policy.ts";
import type { IdleMs } from "../system/clock.ts";
import {
  type Countdown,
  countDown,
  firstLookAfterMs,
  noticeMs,
  type PendingNotice,
  seenNotice,
  WATCH_MS,
} from "./countdown.ts";
import { type AskedLock, type LockEndReason, type Locked, lockEnd } from "./locked.ts";

export type { PendingNotice } from "./countdown.ts";

/** Something that can be idle: a terminal, or a login without one. */
export interface Subject {
  readonly id: string;
  readonly kind: "terminal" | "login";
  readonly lastActivity: Evidence<IdleMs>;
  /** It is locked. */
  readonly lock?: Locked | undefined;
  /** Somebody asked that it locks now. */
  readonly asked?: AskedLock | undefined;
  /** It did not lock a moment ago, when its limit had passed. */
  readonly cannotLock?: boolean | undefined;
}

/** The key of the `max_login` notice, among the ids of subjects. */
export const WHOLE_LOGIN = "max_login";

export interface Situation {
  readonly nowMs: IdleMs;
  readonly applied: Applied;
  /** How long ago the login began. */
  readonly ageMs: number;
  readonly subjects: readonly Subject[];
  /** Commands or subsystems run in the login outside its terminals. When a terminal ends, they must not end. */
  readonly commandsRun: boolean;
  /** Something moves, and only looks a second apart can tell whether it is use. */
  readonly needsCloseLooks?: boolean | undefined;
  readonly standing: Readonly<Record<string, PendingNotice>>;
  /** The login has become another kind since the last look, so other limits can apply. */
  readonly isOtherKind?: boolean | undefined;
  /** How long ago this same check looked last, if it did: about a second, unless the machine stood still. */
  readonly unseenMs?: number | undefined;
}

/** Why a terminal, or a login with all of its terminals, ends. */
export type TerminalEndReason = "idle" | LockEndReason;
export type EndReason = TerminalEndReason | "max_login";

export type Decision =
  | {
      readonly kind: "notice";
      readonly id: string;
      readonly standing: PendingNotice;
      readonly endsAtMs: number;
    }
  | { readonly kind: "stay"; readonly id: string; readonly why: "activity" | "policy" }
  | { readonly kind: "lock"; readonly id: string; readonly cause: LockCause; readonly by: string }
  | { readonly kind: "hang-up"; readonly id: string; readonly reason: TerminalEndReason }
  | { readonly kind: "end"; readonly reason: EndReason; readonly ids: readonly string[] };

export interface Verdict {
  readonly decisions: readonly Decision[];
  /** The notices that stand once the decisions are carried out. */
  readonly standing: Readonly<Record<string, PendingNotice>>;
  /** When each subject ends or locks, and the login for its age, if nothing happens until then. No entry means never. */
  readonly endsAtMs: Readonly<Record<string, IdleMs>>;
  /** In how many ms to look again. */
  readonly wakeInMs: number;
  /** A notice stands, or work must be watched closely: the check stays instead of exiting. */
  readonly noticePending: boolean;
}

/** A login without a terminal is first looked at after this. This delays its ending no more than the kernel's steps delay others. */
const SOON_MS = 8_000;
/** If a login would be too old as another kind, it is looked at this often: it can be that kind from one moment to the next. */
const OTHER_KIND_WAKE_MS = 60_000;
/** Without any limit, the policy is asked again this often: a group may have changed. */
const UNLIMITED_WAKE_MS = 3_600_000;

/**
 * How long after its beginning a login needs no look, in ms; `Infinity` for ever. A login without a terminal has no keys that show how long
 * it has been idle, so it counts from its first look. If it has a limit, that look comes soon.
 */
export function firstLookMs(limits: Limits): number {
  const dueMs = earliestDueMs(limits);
  return Number.isFinite(limits.noTerminalMs) ? Math.min(dueMs, SOON_MS) : dueMs;
}

/** How long after the last activity nothing can be due yet, in ms; `Infinity` if nothing ever is. */
export function earliestDueMs(limits: Limits): number {
  return Math.min(
    ...[limits.idleTimeoutMs, limits.noTerminalMs, limits.maxLoginMs]
      .filter(Number.isFinite)
      .map((limitMs) => firstLookAfterMs(limitMs, limits.warnBeforeMs)),
  );
}

/** The idle limit for this kind of subject, in ms; `Infinity` if there is none. */
export function idleLimitMs(kind: Subject["kind"], applied: Applied): number {
  if (applied.exempt) return Number.POSITIVE_INFINITY;
  return kind === "terminal" ? applied.limits.idleTimeoutMs : applied.limits.noTerminalMs;
}

/** How long a login may last, in ms; `Infinity` for ever. */
export function ageLimitMs({ exempt, exemptMaxLoginMs, limits }: AppliedToKind): number {
  return exempt ? (exemptMaxLoginMs ?? Number.POSITIVE_INFINITY) : limits.maxLoginMs;
}

/** Judges one login: which notices to give or take back, what to end, and when to look again. */
export function judge(situation: Situation): Verdict {
  const { applied, subjects } = situation;
  const decisions: Decision[] = [];
  const standing: Record<string, PendingNotice> = {};
  const ending: { readonly id: string; readonly reason: TerminalEndReason }[] = [];
  const endsAtMs: Record<string, number> = {};
  const wakesInMs = [restMs(applied), otherKindsWakeMs(situation)];

  const age = countAge(situation);
  if (age?.standing) standing[WHOLE_LOGIN] = age.standing;
  if (age) wakesInMs.push(age.wakeInMs);
  if (age) endsAtMs[WHOLE_LOGIN] = age.endsAtMs;
  if (age?.step === "end") return endAll(situation, "max_login");
  if (age?.step === "notice" && age.standing)
    decisions.push({ kind: "notice", id: WHOLE_LOGIN, standing: age.standing, endsAtMs: age.endsAtMs });
  const aside = age?.standing ? undefined : setAside(situation);
  if (aside) standing[WHOLE_LOGIN] = aside;
  if (!age?.standing && !aside && situation.standing[WHOLE_LOGIN])
    decisions.push({ kind: "stay", id: WHOLE_LOGIN, why: "policy" });

  for (const subject of subjects) {
    const judged = judgeSubject(subject, situation);
    decisions.push(...judged.decisions);
    if (judged.standing) standing[subject.id] = judged.standing;
    if (judged.wakeInMs !== undefined) wakesInMs.push(judged.wakeInMs);
    if (judged.endsAtMs !== undefined) endsAtMs[subject.id] = judged.endsAtMs;
    if (judged.reason) ending.push({ id: subject.id, reason: judged.reason });
  }

  // A login without a terminal was measured by its commands: they do not keep it here.
  const commandsLive = situation.commandsRun && subjects.some(({ kind }) => kind === "terminal");
  const [first] = ending;
  if (first && ending.length === subjects.length && !commandsLive) return endAll(situation, first.reason);
  for (const { id, reason } of ending) decisions.push({ kind: "hang-up", id, reason });

  return {
    decisions,
    standing,
    endsAtMs,
    wakeInMs: situation.needsCloseLooks ? Math.min(...wakesInMs, WATCH_MS) : Math.min(...wakesInMs),
    noticePending:
      Object.values(standing).some(({ isAside }) => !isAside) || situation.needsCloseLooks === true,
  };
}

/** What one subject asks for now. */
interface Judged {
  readonly decisions: readonly Decision[];
  readonly standing?: PendingNotice | undefined;
  readonly endsAtMs?: IdleMs | undefined;
  readonly wakeInMs?: number | undefined;
  /** It ends now, for this. */
  readonly reason?: TerminalEndReason | undefined;
}

function judgeSubject(subject: Subject, situation: Situation): Judged {
  if (subject.lock) return judgeLocked(subject.lock, situation);
  if (subject.asked) return lockNow(subject, subject.asked, situation);
  const { id, kind } = subject;
  const { applied, nowMs } = situation;
  const { warnBeforeMs, atLimit } = applied.limits;
  const before = situation.standing[id];
  const answered = before !== undefined && subject.lastActivity.atMs > before.sinceMs;
  const limitMs = idleLimitMs(kind, applied);
  const dueMs = subject.lastActivity.atMs + limitMs;
  const stands = seenNotice(before, limitMs, situation);
  const count: Countdown | undefined = Number.isFinite(limitMs)
    ? countDown({ dueMs, limitMs }, warnBeforeMs, nowMs, answered ? undefined : stands)
    : undefined;
  const isEnd = count?.step === "end";
  if (isEnd && kind === "terminal" && atLimit === "lock" && !subject.cannotLock)
    return lockNow(subject, { cause: "idle", by: "" }, situation);

  const decisions: Decision[] = [];
  if (before && (answered || !count?.standing) && !isEnd)
    decisions.push({ kind: "stay", id, why: answered ? "activity" : "policy" });
  if (count?.step === "notice" && count.standing)
    decisions.push({ kind: "notice", id, standing: count.standing, endsAtMs: count.endsAtMs });
  const { standing, endsAtMs, wakeInMs } = count ?? {};
  return { decisions, standing, endsAtMs, wakeInMs, reason: isEnd ? "idle" : undefined };
}

/**
 * Locks a terminal. The next look sees whether that worked. If not, its notice still stands: what cannot be locked ends then, without
 * another notice.
 */
function lockNow(
  { id }: Subject,
  { cause, by }: { readonly cause: LockCause; readonly by: string },
  { standing, nowMs }: Situation,
): Judged {
  const decisions = [{ kind: "lock", id, cause, by }] as const;
  return { decisions, standing: standing[id], endsAtMs: nowMs, wakeInMs: WATCH_MS };
}

/** A locked terminal has no notice, and no activity: only its lock counts. */
function judgeLocked(lock: Locked, { applied, nowMs }: Situation): Judged {
  const { endsAtMs, reason } = lockEnd(lock, applied, nowMs);
  if (reason) return { decisions: [], endsAtMs, wakeInMs: WATCH_MS, reason };
  return Number.isFinite(endsAtMs)
    ? { decisions: [], endsAtMs, wakeInMs: endsAtMs - nowMs }
    : { decisions: [] };
}

/** The countdown of `max_login`, if the policy has one for this login. */
function countAge(situation: Situation): Countdown | undefined {
  const { applied, ageMs, nowMs, standing } = situation;
  const limitMs = ageLimitMs(applied);
  if (!Number.isFinite(limitMs)) return undefined;
  const dueMs = nowMs + limitMs - ageMs;
  const stands = seenNotice(standing[WHOLE_LOGIN], limitMs, situation);
  return countDown({ dueMs, limitMs }, applied.limits.warnBeforeMs, nowMs, stands);
}

/**
 * A notice about the age of the login that concerns another kind of it only. It is kept: else a user who closes and opens terminals in one
 * connection would be given a new notice each time, and would never be ended.
 */
function setAside({ applied, ageMs, standing, isOtherKind }: Situation): PendingNotice | undefined {
  const given = standing[WHOLE_LOGIN];
  if (!given || !(given.isAside || isOtherKind)) return undefined;
  return ageMs >= noticeAgeMs(applied) ? { ...given, isAside: true } : undefined;
}

/** The time until the login would be given a notice of its age if it became another kind, in ms; not shorter than a pause between looks. */
function otherKindsWakeMs({ applied, ageMs }: Situation): number {
  return applied.ofKind
    ? Math.max(noticeAgeMs(applied) - ageMs, OTHER_KIND_WAKE_MS)
    : Number.POSITIVE_INFINITY;
}

/** The age at which a login is given the notice of its age, as the kind for which that is first. */
function noticeAgeMs({ ofKind }: Applied): number {
  return Math.min(
    ...Object.values(ofKind ?? {}).map((it) => {
      const limitMs = ageLimitMs(it);
      return limitMs - noticeMs(limitMs, it.limits.warnBeforeMs);
    }),
  );
}

function endAll(situation: Situation, reason: EndReason): Verdict {
  const ids = situation.subjects.map(({ id }) => id);
  return {
    decisions: [{ kind: "end", reason, ids }],
    standing: situation.standing,
    endsAtMs: Object.fromEntries([WHOLE_LOGIN, ...ids].map((id) => [id, situation.nowMs])),
    wakeInMs: WATCH_MS,
    noticePending: false,
  };
}

/** The longest time without a look: a terminal opened a moment from now, which can make the login another kind, could be due after it. */
function restMs(applied: Applied): number {
  return Math.min(...limitsOfKinds(applied).map(earliestDueMs), UNLIMITED_WAKE_MS);
}
