// Selects the records that somebody wants to see. Pure.
import type { AuditRecord } from "./record.ts";
import type { Action } from "./words.ts";

/** The outcome of a record, in one word for programs. */
export const OUTCOMES = [
  "ended",
  "failed",
  "given",
  "not-given",
  "kept",
  "locked",
  "unlocked",
  "refused",
] as const;
export type OutcomeWord = (typeof OUTCOMES)[number];

/** Times in ms of the wall clock: from `sinceMs` on, and before `untilMs`. A missing field filters nothing. */
export interface Filter {
  readonly user?: string | undefined;
  readonly action?: Action | undefined;
  readonly outcome?: OutcomeWord | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/** Whether a record passes the filter. */
export function matches(record: AuditRecord, { user, action, outcome, sinceMs, untilMs }: Filter): boolean {
  const atMs = Date.parse(record.time);
  return (
    (user === undefined || record.user === user) &&
    (action === undefined || record.action === action) &&
    (outcome === undefined || outcomeOf(record) === outcome) &&
    (sinceMs === undefined || atMs >= sinceMs) &&
    (untilMs === undefined || atMs < untilMs)
  );
}

/** The outcome of a record. */
export function outcomeOf({ action, ended, outcome }: AuditRecord): OutcomeWord {
  switch (action) {
    case "notice":
      return outcome === "given" ? "given" : "not-given";
    case "stay":
      return "kept";
    case "lock":
      return outcome === "locked" ? "locked" : "failed";
    case "wrong-answer":
      return "refused";
    case "unlock":
      return "unlocked";
    case "fault":
      return "failed";
    case "end":
    case "hang-up":
      return ended === false ? "failed" : "ended";
  }
}
