import { outcomeOf } from "../../audit/filter.ts";
import type { AuditRecord } from "../../audit/record.ts";
import type { Action } from "../../audit/words.ts";
import { printable, styled } from "../../console/output.ts";
import { localTime } from "../../text/local-time.ts";

/** A longer one, which is rare, moves its line. */
const LONGEST_ACTION = 7;
const COLOURS: Partial<Record<Action, "yellow" | "green" | "red">> = {
  notice: "yellow",
  stay: "green",
  "wrong-answer": "red",
  unlock: "green",
};

/** A record as one line for people: when, what, whose login, why, and with which result. */
export function recordLine(record: AuditRecord): string {
  const { action, user, client, terminals, reason, outcome } = record;
  const from = client === null ? "" : ` from ${client}`;
  const on = terminals.length === 0 ? "" : ` on ${terminals.join(", ")}`;
  const text = printable(`${user}${from}${on}: ${reason}: ${outcome}`);
  const failed = ["failed", "not-given"].includes(outcomeOf(record));
  const colour = failed ? "red" : COLOURS[action];
  const padded = action.padEnd(LONGEST_ACTION);
  return `${localTime(Date.parse(record.time))}  ${colour ? styled(colour, padded) : padded}  ${text}`;
}
