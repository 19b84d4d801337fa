// Pure: the report on the records of a period.
import { outcomeOf } from "../../audit/filter.ts";
import type { AuditRecord, Cause } from "../../audit/record.ts";
import { countdownsOf } from "./countdowns.ts";
import { type Bin, histogramOf } from "./histogram.ts";

/** Counts of events. An end that fails is tried again; each try counts as failed. */
export interface Counts {
  /** Notices that reached a terminal; a countdown has one or several. */
  readonly noticesGiven: number;
  /** Countdowns to the end of an idle login, according to their notices. */
  readonly countdowns: number;
  readonly answered: number;
  /** Logins that are proved gone, and terminals of logins that had several. */
  readonly ended: number;
  readonly failedTries: number;
}

export interface Totals extends Counts {
  readonly noticesNotGiven: number;
  /** Between 0 and 1; `null` if there was no countdown. */
  readonly answeredShare: number | null;
  readonly loginsEnded: number;
  readonly terminalsEnded: number;
  /** Terminals that were locked, and unlocked. */
  readonly locked: number;
  readonly unlocked: number;
  readonly wrongAnswers: number;
}

export interface Report {
  /** ISO 8601; `null` if there is no record. */
  readonly firstRecord: string | null;
  readonly lastRecord: string | null;
  readonly records: number;
  readonly totals: Totals;
  /** The users with the most ends first. */
  readonly byUser: readonly (Counts & { readonly user: string })[];
  /** `null`: older records have no reason. */
  readonly byReason: readonly {
    readonly reason: Cause | null;
    readonly noticesGiven: number;
    readonly ended: number;
    readonly failedTries: number;
  }[];
  readonly idleTimes: readonly Bin[];
}

/** Sums up records, which must be in their order. */
export function reportOf(records: readonly AuditRecord[]): Report {
  const countdowns = countdownsOf(records);
  const endings = records.filter(({ action }) => action === "end" || action === "hang-up");
  const ended = endings.filter(isEnded);
  const count = (part: readonly AuditRecord[], user?: string): Counts => {
    const own = countdowns.filter((it) => user === undefined || it.user === user);
    return {
      noticesGiven: part.filter(isGiven).length,
      countdowns: own.length,
      answered: own.filter(({ answeredAfterSeconds }) => answeredAfterSeconds !== null).length,
      ended: part.filter(isEnded).length,
      failedTries: part.filter(isFailed).length,
    };
  };
  const totals = count(records);
  const byUser = Map.groupBy(records, ({ user }) => user);
  const byReason = Map.groupBy(records.filter(isReasoned), ({ cause }) => cause);
  return {
    firstRecord: records[0]?.time ?? null,
    lastRecord: records.at(-1)?.time ?? null,
    records: records.length,
    totals: {
      ...totals,
      noticesNotGiven: records.filter((record) => outcomeOf(record) === "not-given").length,
      answeredShare: totals.countdowns === 0 ? null : totals.answered / totals.countdowns,
      loginsEnded: ended.filter(({ action }) => action === "end").length,
      terminalsEnded: ended.filter(({ action }) => action === "hang-up").length,
      locked: records.filter((record) => outcomeOf(record) === "locked").length,
      unlocked: records.filter((record) => outcomeOf(record) === "unlocked").length,
      wrongAnswers: records.filter(({ action }) => action === "wrong-answer").length,
    },
    byUser: [...byUser].map(([user, part]) => ({ user, ...count(part, user) })).sort(byEndings),
    byReason: [...byReason]
      .map(([reason, part]) => ({
        reason,
        noticesGiven: part.filter(isGiven).length,
        ended: part.filter(isEnded).length,
        failedTries: part.filter(isFailed).length,
      }))
      .sort((a, b) => b.ended - a.ended || b.noticesGiven - a.noticesGiven),
    idleTimes: histogramOf(
      ended.flatMap(({ idleSeconds }) => idleSeconds ?? []),
      countdowns.flatMap(({ answeredAfterSeconds }) => answeredAfterSeconds ?? []),
    ),
  };
}

type UserCounts = Report["byUser"][number];

function byEndings(a: UserCounts, b: UserCounts): number {
  return b.ended - a.ended || b.noticesGiven - a.noticesGiven || (a.user < b.user ? -1 : 1);
}

function isGiven(record: AuditRecord): boolean {
  return outcomeOf(record) === "given";
}

function isEnded(record: AuditRecord): boolean {
  return outcomeOf(record) === "ended";
}

function isFailed(record: AuditRecord): boolean {
  return (record.action === "end" || record.action === "hang-up") && outcomeOf(record) === "failed";
}

/** A stay does not lead to an end: its cause says why there was none. */
function isReasoned({ action }: AuditRecord): boolean {
  return action === "notice" || action === "end" || action === "hang-up";
}
