// Pure: the wording of a report, for the text and for the page.
import type { Cause } from "../../audit/record.ts";
import { localTime } from "../../text/local-time.ts";
import type { Facts } from "./facts.ts";
import type { Report } from "./report.ts";

/** Why logins were ended, in the words of the audit. */
export function reasonText(reason: Cause | null): string {
  return reason ?? "not recorded";
}

/** `3 of 7 (43 %)`. */
export function answeredText({ totals: { answered, countdowns, answeredShare } }: Report): string {
  const share = answeredShare === null ? "" : ` (${Math.round(answeredShare * 100)} %)`;
  return `${answered} of ${countdowns}${share}`;
}

/** `2 terminals; 1 unlocked, 3 wrong answers`; `undefined` if nothing was locked. */
export function lockedText({ totals: { locked, unlocked, wrongAnswers } }: Report): string | undefined {
  if (locked + unlocked + wrongAnswers === 0) return undefined;
  return `${counted(locked, "terminal")}; ${unlocked} unlocked, ${counted(wrongAnswers, "wrong answer")}`;
}

/** `1 login`, `2 logins`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The period that was asked for. */
export function periodText({ sinceMs, untilMs, generatedMs }: Facts): string {
  const from = sinceMs === undefined ? "the beginning of the audit" : localTime(sinceMs);
  return `from ${from} to ${localTime(untilMs ?? generatedMs)}`;
}
