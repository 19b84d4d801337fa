// The only place that decides. Pure: no I/O, no clock of its own. All times are in ms on the idle clock (see clock.ts).
import type { Evidence } from "../activity/evidence.ts";
import { type Applied, type AppliedToKind, type Limits, limitsOfKinds } from "../policy/policy.ts";
import type { IdleMs } from "../system/clock.ts";

/** Something that can be idle: a terminal, or a login without one. */
export interface Subject {
  readonly id: string;
  readonly kind: "terminal" | "login";
  readonly lastActivity: Evidence<IdleMs>;
}

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

export type EndReason = "idle" | "max_login";

export type Decision =
  | {
      readonly kind: "notice";
      readonly id: string;
      readonly standing: PendingNotice;
      readonly endsAtMs: number;
    }
  | { readonly kind: "stay"; readonly id: string; readonly why: "activity" | "policy" }
  | { readonly kind: "hang-up"; readonly id: string }
  | { readonly kind: "end"; readonly reason: EndReason; readonly ids: readonly string[] };

export interface Verdict {
  readonly decisions: readonly Decision[];
  /** The notices that stand once the decisions are carried out. */
  readonly standing: Readonly<Record<string, PendingNotice>>;
  /** When each subject ends, and the login for its age, if nothing happens until then. No entry means never. */
  readonly endsAtMs: Readonly<Record<string, IdleMs>>;
  /** In how many ms to look again. */
  readonly wakeInMs: number;
  /** A notice stands, or work must be watched closely: the check stays instead of exiting. */
  readonly noticePending: boolean;
}

/** How often to look while a notice stands. */
const WATCH_MS = 1_000;
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
/** A login without a terminal is first looked at after this. This delays its ending no more than the kernel's steps delay others. */
const SOON_MS = 8_000;
/** If a login would be too old as another kind, it is looked at this often: it can be that kind from one moment to the next. */
const OTHER_KIND_WAKE_MS = 60_000;
/** Without any limit, the policy is asked again this often: a group may have changed. */
const UNLIMITED_WAKE_MS = 3_600_000;

/** How long before the end the first notice is given; 0 if the policy gives none. */
function noticeMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  return Math.max(0, ...warnBeforeMs.filter((ms) => ms < limitMs));
}

/** How long after its last activity a subject is first looked at: a little before its first notice. */
function firstLookAfterMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  const quietMs = limitMs - noticeMs(limitMs, warnBeforeMs);
  return quietMs - Math.min(LEAD_MS, quietMs / 2);
}

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

/** What one countdown asks for now. It runs for idleness or for the age of the login. */
interface Countdown {
  readonly step: "rest" | "notice" | "wait" | "end";
  readonly standing?: PendingNotice;
  readonly endsAtMs: IdleMs;
  readonly wakeInMs: number;
}

/** Runs a countdown that would end at `dueMs`, given what was promised before. */
function countDown(
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

/** The standing notice, or a new one in its place: see `UNSEEN_MS`. One that was set aside cannot have been seen since then either. */
function seenNotice(
  standing: PendingNotice | undefined,
  limitMs: number,
  { nowMs, unseenMs = 0, applied }: Situation,
): PendingNotice | undefined {
  const longestMs = noticeMs(limitMs, applied.limits.warnBeforeMs);
  if (!standing) return undefined;
  const { isAside = false, ...given } = standing;
  const wasUnseen = isAside || unseenMs > Math.max(UNSEEN_MS, longestMs / 2);
  if (given.isAnew || !wasUnseen) return given;
  return { sinceMs: given.sinceMs, promisedMs: nowMs + longestMs, givenMs: [], isAnew: true };
}

/** Judges one login: which notices to give or take back, what to end, and when to look again. */
export function judge(situation: Situation): Verdict {
  const { nowMs, applied, subjects } = situation;
  const decisions: Decision[] = [];
  const standing: Record<string, PendingNotice> = {};
  const ending: string[] = [];
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
    const before = situation.standing[subject.id];
    const answered = before !== undefined && subject.lastActivity.atMs > before.sinceMs;
    const limitMs = idleLimitMs(subject.kind, applied);
    const dueMs = subject.lastActivity.atMs + limitMs;
    const stands = seenNotice(before, limitMs, situation);
    const count: Countdown | undefined = Number.isFinite(limitMs)
      ? countDown({ dueMs, limitMs }, applied.limits.warnBeforeMs, nowMs, answered ? undefined : stands)
      : undefined;
    if (count) wakesInMs.push(count.wakeInMs);
    if (count) endsAtMs[subject.id] = count.endsAtMs;
    if (before && (answered || !count?.standing) && count?.step !== "end")
      decisions.push({ kind: "stay", id: subject.id, why: answered ? "activity" : "policy" });
    if (count?.standing) standing[subject.id] = count.standing;
    if (count?.step === "notice" && count.standing)
      decisions.push({ kind: "notice", id: subject.id, standing: count.standing, endsAtMs: count.endsAtMs });
    if (count?.step === "end") ending.push(subject.id);
  }

  // A login without a terminal was measured by its commands: they do not keep it here.
  const commandsLive = situation.commandsRun && subjects.some(({ kind }) => kind === "terminal");
  if (ending.length > 0 && ending.length === subjects.length && !commandsLive)
    return endAll(situation, "idle");
  for (const id of ending) decisions.push({ kind: "hang-up", id });

  return {
    decisions,
    standing,
    endsAtMs,
    wakeInMs: situation.needsCloseLooks ? Math.min(...wakesInMs, WATCH_MS) : Math.min(...wakesInMs),
    noticePending:
      Object.values(standing).some(({ isAside }) => !isAside) || situation.needsCloseLooks === true,
  };
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
