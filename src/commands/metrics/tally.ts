// Pure: the records of the audit as counters.
import { type OutcomeWord, outcomeOf } from "../../audit/filter.ts";
import type { AuditRecord } from "../../audit/record.ts";

/** How often something was tried for a reason, with this outcome. */
interface Tried<Outcome extends OutcomeWord> {
  readonly reason: string;
  readonly outcome: Outcome;
  readonly count: number;
}

/** Counts by their labels; each combination is there once. */
export interface Tally {
  readonly endings: readonly Tried<"ended" | "failed">[];
  readonly notices: number;
  readonly stays: number;
  readonly locks: readonly Tried<"locked" | "failed">[];
  readonly unlocks: readonly { readonly by: string; readonly count: number }[];
  readonly wrongAnswers: number;
}

/** These begin at zero, so that the first event counts as an increase. */
const END_REASONS = ["idle", "max_login", "lock_max", "lock_tries", "administrator"];
const LOCK_REASONS = ["idle", "user", "administrator"];
const UNLOCKED_BY = ["password", "login", "administrator", "fault"];

/** Counts endings, notices that reached a terminal, logins that were kept, and what happened to locks. */
export function tallyOf(records: readonly AuditRecord[]): Tally {
  const did = (...actions: readonly AuditRecord["action"][]) =>
    records.filter(({ action }) => actions.includes(action));
  const unlocks = did("unlock");
  return {
    endings: tried(did("end", "hang-up"), END_REASONS, ["ended", "failed"]),
    notices: records.filter((record) => outcomeOf(record) === "given").length,
    stays: did("stay").length,
    locks: tried(did("lock"), LOCK_REASONS, ["locked", "failed"]),
    unlocks: reasonsOf(unlocks, UNLOCKED_BY).map((by) => ({
      by,
      count: unlocks.filter((it) => reasonOf(it) === by).length,
    })),
    wrongAnswers: did("wrong-answer").length,
  };
}

function tried<Outcome extends OutcomeWord>(
  records: readonly AuditRecord[],
  known: readonly string[],
  outcomes: readonly Outcome[],
): Tried<Outcome>[] {
  return reasonsOf(records, known).flatMap((reason) =>
    outcomes.map((outcome) => ({
      reason,
      outcome,
      count: records.filter((it) => reasonOf(it) === reason && outcomeOf(it) === outcome).length,
    })),
  );
}

/** The reasons that are always told, and those that the records have. */
function reasonsOf(records: readonly AuditRecord[], known: readonly string[]): string[] {
  return [...new Set([...known, ...records.map(reasonOf)])];
}

/** Records of the first version have no cause. */
function reasonOf({ cause }: AuditRecord): string {
  return cause ?? "unknown";
}
