// The only place that decides. Pure: no I/O, no clock of its own. All times are on the idle clock (see clock.ts), in milliseconds.
import type { Evidence } from "../activity/evidence.ts";
import type { Applied, Limits } from "../policy/policy.ts";
import type { IdleMs } from "../system/clock.ts";

/** Something that can be idle: one terminal, or a login that has none. */
export interface Subject {
  readonly id: string;
  readonly kind: "terminal" | "login";
  readonly lastActivity: Evidence<IdleMs>;
}

/** A notice that was given and not answered yet: what was promised, and which stages are done. */
export interface PendingNotice<At extends number = IdleMs> {
  readonly sinceMs: At;
  /** The time that the first notice promised. The login does not end before it, whatever else changes. */
  readonly promisedMs: At;
  /** The stages given, as `warn_before` names them. */
  readonly givenMs: readonly number[];
  /** It was given anew because nobody can have seen it go by; that happens once. */
  readonly isAnew?: boolean | undefined;
}

/** The key of the notice that `max_login` gives, beside the ids of subjects. */
export const WHOLE_LOGIN = "max_login";

export interface Situation {
  readonly nowMs: IdleMs;
  readonly applied: Applied;
  /** How long ago the login began. */
  readonly ageMs: number;
  readonly subjects: readonly Subject[];
  /** Commands or subsystems run in the login outside its terminals: ending a terminal must not take them along. */
  readonly commandsRun: boolean;
  /** Something moves of which only looks a second apart can tell whether it is use. */
  readonly needsCloseLooks?: boolean | undefined;
  readonly standing: Readonly<Record<string, PendingNotice>>;
  /** How long ago this very check looked last, should it have looked before: about a second, unless the machine stood still. */
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
  /** When each subject ends, and the login for its age, should nothing happen until then. Without an entry: never. */
  readonly endsAtMs: Readonly<Record<string, IdleMs>>;
  /** When to look again. */
  readonly wakeInMs: number;
  /** A notice stands, or work must be watched closely: the check stays instead of exiting. */
  readonly noticePending: boolean;
}

/** How often to look while a notice stands. */
const WATCH_MS = 1_000;
/** A check that is late by no more than this, or by half a short notice, ends the login on time; a later one gives the full notice first. */
const LATE_MS = 2_000;
/**
 * Two looks are never so far apart on a machine that is merely busy. Where they are, and by more than half of a notice that stands, the
 * machine was paused, and the notice is given anew, in full: once, so that no login ends later than that, whatever its machine does.
 */
const UNSEEN_MS = 10_000;
/** Looking this long before the first notice shows work before anybody is disturbed. */
const LEAD_MS = 60_000;
/** A login without a terminal is first looked at after this: no later than the kernel's steps make other endings. */
const SOON_MS = 8_000;
/** With no limit at all, the policy is asked again this often: a group may have changed. */
const UNLIMITED_WAKE_MS = 3_600_000;

/** How long before the end the first notice is given; 0 when the policy gives none. */
function noticeMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  return Math.max(0, ...warnBeforeMs.filter((ms) => ms < limitMs));
}

/** How long after its last activity a subject is first looked at: a little before its first notice. */
function firstLookAfterMs(limitMs: number, warnBeforeMs: readonly number[]): number {
  const quietMs = limitMs - noticeMs(limitMs, warnBeforeMs);
  return quietMs - Math.min(LEAD_MS, quietMs / 2);
}

/**
 * How long after a login begins it need not be looked at yet; `Infinity` for ever. One without a terminal has no keys that
 * tell how long it has been idle, it counts from its first look: where it has a limit, that look comes soon.
 */
export function firstLookMs(limits: Limits): number {
  const dueMs = earliestDueMs(limits);
  return Number.isFinite(limits.noTerminalMs) ? Math.min(dueMs, SOON_MS) : dueMs;
}

/** How long after somebody was there nothing can be due yet. `Infinity` when nothing ever is. */
export function earliestDueMs(limits: Limits): number {
  return Math.min(
    ...[limits.idleTimeoutMs, limits.noTerminalMs, limits.maxLoginMs]
      .filter(Number.isFinite)
      .map((limitMs) => firstLookAfterMs(limitMs, limits.warnBeforeMs)),
  );
}

/** The limit of a subject of a kind; `Infinity` when nothing ends it for being idle. */
export function idleLimitMs(kind: Subject["kind"], applied: Applied): number {
  if (applied.exempt) return Number.POSITIVE_INFINITY;
  return kind === "terminal" ? applied.limits.idleTimeoutMs : applied.limits.noTerminalMs;
}

/** What one countdown asks for now, whether it runs for idleness or for the age of the login. */
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
  // Late, or the limit was lowered: the full notice is given all the same.
  const shortOfNotice = nowMs + longestMs - dueMs > Math.min(LATE_MS, longestMs / 2);
  const promisedMs = standing?.promisedMs ?? (shortOfNotice ? nowMs + longestMs : dueMs);
  const endsAtMs = Math.max(dueMs, promisedMs);
  if (nowMs >= endsAtMs) return { step: "end", endsAtMs, wakeInMs: WATCH_MS };

  const leftMs = endsAtMs - nowMs;
  // A promise that outlasts the limit stands, also where the policy gives shorter notices by now.
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

/** A notice that stands, or in its place one that begins now: see `UNSEEN_MS`. */
function seenNotice(
  standing: PendingNotice | undefined,
  limitMs: number,
  { nowMs, unseenMs = 0, applied }: Situation,
): PendingNotice | undefined {
  const longestMs = noticeMs(limitMs, applied.limits.warnBeforeMs);
  if (!standing || standing.isAnew || unseenMs <= Math.max(UNSEEN_MS, longestMs / 2)) return standing;
  return { sinceMs: standing.sinceMs, promisedMs: nowMs + longestMs, givenMs: [], isAnew: true };
}

/** Judges one login: which notices to give or take back, what to end, and when to look again. */
export function judge(situation: Situation): Verdict {
  const { nowMs, applied, subjects } = situation;
  const decisions: Decision[] = [];
  const standing: Record<string, PendingNotice> = {};
  const ending: string[] = [];
  const endsAtMs: Record<string, number> = {};
  const wakesInMs = [restMs(applied)];

  const age = countAge(situation);
  if (age?.standing) standing[WHOLE_LOGIN] = age.standing;
  if (age) wakesInMs.push(age.wakeInMs);
  if (age) endsAtMs[WHOLE_LOGIN] = age.endsAtMs;
  if (age?.step === "end") return endAll(situation, "max_login");
  if (age?.step === "notice" && age.standing)
    decisions.push({ kind: "notice", id: WHOLE_LOGIN, standing: age.standing, endsAtMs: age.endsAtMs });
  if (!age?.standing && situation.standing[WHOLE_LOGIN])
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

  // Without a terminal its commands are what the login was measured by.
  const commandsLive = situation.commandsRun && subjects.some(({ kind }) => kind === "terminal");
  if (ending.length > 0 && ending.length === subjects.length && !commandsLive)
    return endAll(situation, "idle");
  for (const id of ending) decisions.push({ kind: "hang-up", id });

  return {
    decisions,
    standing,
    endsAtMs,
    wakeInMs: situation.needsCloseLooks ? Math.min(...wakesInMs, WATCH_MS) : Math.min(...wakesInMs),
    noticePending: Object.keys(standing).length > 0 || situation.needsCloseLooks === true,
  };
}

/** The countdown of `max_login`, if the policy has one for this login. */
function countAge(situation: Situation): Countdown | undefined {
  const { applied, ageMs, nowMs, standing } = situation;
  const limitMs = applied.limits.maxLoginMs;
  if (applied.exempt || !Number.isFinite(limitMs)) return undefined;
  const dueMs = nowMs + limitMs - ageMs;
  const stands = seenNotice(standing[WHOLE_LOGIN], limitMs, situation);
  return countDown({ dueMs, limitMs }, applied.limits.warnBeforeMs, nowMs, stands);
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

/** The longest that a login may go unlooked-at: a terminal opened a moment from now could be due after it. */
function restMs({ limits }: Applied): number {
  return Math.min(earliestDueMs(limits), UNLIMITED_WAKE_MS);
}
