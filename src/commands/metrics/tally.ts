// Pure: the records of the audit as counters.
import { outcomeOf } from "../../audit/filter.ts";
import type { AuditRecord } from "../../audit/record.ts";

/** Counts by their labels; each combination is there once. */
export interface Tally {
  readonly endings: readonly {
    readonly reason: string;
    readonly outcome: "ended" | "failed";
    readonly count: number;
  }[];
  readonly notices: number;
  readonly stays: number;
}

/** These begin at zero, so that the first event counts as an increase. */
const REASONS = ["idle", "max_login", "administrator"];

/** Counts ended logins and terminals, notices that reached a terminal, and logins that were kept. */
export function tallyOf(records: readonly AuditRecord[]): Tally {
  const endings = records.filter(({ action }) => action === "end" || action === "hang-up");
  const reasons = new Set([...REASONS, ...endings.map(reasonOf)]);
  const outcomes = ["ended", "failed"] as const;
  return {
    endings: [...reasons].flatMap((reason) =>
      outcomes.map((outcome) => ({
        reason,
        outcome,
        count: endings.filter((it) => reasonOf(it) === reason && outcomeOf(it) === outcome).length,
      })),
    ),
    notices: records.filter((record) => outcomeOf(record) === "given").length,
    stays: records.filter(({ action }) => action === "stay").length,
  };
}

/** Records of the first version have no cause. */
function reasonOf({ cause }: AuditRecord): string {
  return cause ?? "unknown";
}
