// How an explanation is shown: to people, and to programs.

import { printable, styled } from "../../console/output.ts";
import { limitsJson, limitTable, placeJson, placeText } from "../../console/policy-parts.ts";
import { tableOf } from "../../console/table.ts";
import { LIMIT_KEYS } from "../../policy/limits.ts";
import type { Limits } from "../../policy/policy.ts";
import { spoken } from "../../text/spoken.ts";
import type { Explanation, RuleAnswer } from "./explain.ts";
import type { Rehearsal, Warning } from "./rehearse.ts";

/** Where the groups come from: the system, the option, or unknown. If they are unknown, they do not matter for this user. */
export type GroupsFrom = "system" | "option" | "unknown";

/** The explanation for people. */
export function explanationLines(
  explanation: Explanation,
  groupsFrom: GroupsFrom,
  now: Date,
  columns: number | undefined,
): string[] {
  const { rules, limits, limitOrigins } = explanation;
  const ruleRows = rules.map(({ at, answer }) => [placeText(at), ANSWERS[answer]]);
  return [
    ...whoLines(explanation, groupsFrom),
    "",
    decisionLine(explanation),
    ...(rules.length > 0 ? ["", tableOf(["RULE", "MATCHES"], ruleRows, columns)] : []),
    "",
    limitTable(limits, limitOrigins, LIMIT_KEYS, columns),
    "",
    ...forecastLines(explanation, now),
  ];
}

const ANSWERS: Readonly<Record<RuleAnswer["answer"], string>> = {
  applies: "yes: it applies",
  "other user": "no: another user",
  "other group": "no: other groups",
  "other address": "no: another address",
  "no address": "no: the address is not known; give it with --from",
  later: "yes, but a rule before it applies",
};

function whoLines({ subject: { user, groups, address } }: Explanation, from: GroupsFrom): string[] {
  const known = `${printable(groups.join(", ")) || "none"}${from === "option" ? " (as given)" : ""}`;
  return [
    `user     ${printable(user)}`,
    `groups   ${from === "unknown" ? "not known, but the policy does not need them for this user" : known}`,
    `address  ${printable(address ?? "not given")}`,
  ];
}

function decisionLine({ exemption, rule }: Explanation): string {
  const limits = rule ? `the rule at ${placeText(rule.at)}` : "the top level";
  if (exemption) {
    const why = `${exemption.kind} ${printable(exemption.name)}, ${placeText(exemption.at)}`;
    return `${styled("bold", "Exempt")}: ${why}. Never warned, never ended; without that, ${limits} would apply.`;
  }
  return `${styled("bold", "Applies")}: ${limits}${rule ? "" : "; no rule matches"}.`;
}

const EARLIEST =
  "These are the earliest times. The end can be later: the time of the last key is known to 8 s, the activity of a login without a terminal is seen only when afkill looks, and suspended time does not count.";

const CLOSES_INSTEAD =
  'No hook of this host can lock: in the place of at_limit = "lock" the limit closes the terminal.';

function forecastLines(explanation: Explanation, now: Date): string[] {
  const { exemption, forecast, limits, closesInstead } = explanation;
  if (exemption) return ["A login is neither warned nor ended."];
  const { idleTerminal, idleWithoutTerminal, working, active } = forecast;
  const parts: Forecast[] = [
    {
      title: "A terminal that is idle from now on",
      rehearsal: idleTerminal,
      limitText: limitText(idleTerminal, limits),
      whyNever: 'idle_timeout = "off"',
    },
    {
      title: "A login without a terminal that is idle from now on",
      rehearsal: idleWithoutTerminal,
      limitText: "the login ends",
      whyNever: 'no_terminal = "off"',
    },
  ];
  if (working)
    parts.push({
      title: "A terminal where work runs, but no key is typed from now on",
      rehearsal: working,
      limitText: limitText(working, limits, ", even if work runs"),
      whyNever: endlessWork(limits),
    });
  parts.push({
    title: "A login that begins now and is always active",
    rehearsal: active,
    limitText: "",
    whyNever: 'max_login = "off"',
  });
  const note = closesInstead ? [CLOSES_INSTEAD, ""] : [];
  const lines = [...note, ...parts.flatMap((part) => forecastOf(part, now))];
  return parts.some(({ rehearsal }) => rehearsal.end) ? [...lines, "", EARLIEST] : lines;
}

const CLOSED = "the login ends with its last terminal";

/** What the limit does to an idle terminal. `although`: why that may surprise. */
function limitText({ lock }: Rehearsal, { lockTries }: Limits, although = ""): string {
  if (!lock) return `the terminal is closed; ${CLOSED}${although}`;
  const answers = lockTries === 1 ? "a wrong answer closes" : `${lockTries} wrong answers close`;
  return `the terminal is locked${although}; ${answers} it (lock_tries)`;
}

function endlessWork({ busyMaxMs }: Limits): string {
  return Number.isFinite(busyMaxMs) ? 'idle_timeout = "off"' : 'busy_max = "off"';
}

/** One way in which a login can behave, and what happens to it. */
interface Forecast {
  readonly title: string;
  readonly rehearsal: Rehearsal;
  /** What the limit does. */
  readonly limitText: string;
  readonly whyNever: string;
}

function forecastOf({ title, rehearsal, limitText, whyNever }: Forecast, now: Date): string[] {
  const { warnings, lock, end } = rehearsal;
  const limit = lock ?? end;
  if (!limit) return [`${styled("bold", title)}: never ended (${whyNever}).`];
  const line = (afterMs: number, text: string) =>
    `  ${clock(now, afterMs)}  in ${spoken(afterMs).padEnd(12)}${text}`;
  const unwarned = warnings.some(({ reason }) => reason === limit.reason) ? "" : ", without a notice";
  const reached = limit.reason === "max_login" ? OLD : limitText;
  return [
    `${styled("bold", title)}:`,
    ...warnings.map((warning) => line(warning.afterMs, warningText(warning, lock !== undefined))),
    line(limit.afterMs, `${reached}${unwarned}`),
    ...(lock ? [end ? line(end.afterMs, lockEndText(end)) : '  It stays locked (lock_max = "off").'] : []),
  ];
}

const OLD = "the login ends (max_login)";

function warningText({ beforeEndMs, reason }: Warning, locks: boolean): string {
  const what = locks && reason === "idle" ? "lock" : "end";
  return `notice, ${spoken(beforeEndMs)} before the ${what}${reason === "max_login" ? " (max_login)" : ""}`;
}

function lockEndText({ reason }: NonNullable<Rehearsal["end"]>): string {
  return reason === "max_login" ? OLD : `if still locked, it is closed (lock_max); ${CLOSED}`;
}

/** A local time of day with its date, because it may be on another day. */
function clock(now: Date, afterMs: number): string {
  // Swedish has the format of ISO 8601.
  return new Date(now.getTime() + afterMs).toLocaleString("sv-SE");
}

/** The explanation for programs. */
export function explanationJson(explanation: Explanation, groupsFrom: GroupsFrom, now: Date) {
  const { subject, exemption, rule, rules, limits, limitOrigins, forecast } = explanation;
  const ruleJson = ({ name, at, answer }: RuleAnswer) => ({ name, answer, ...placeJson(at) });
  return {
    user: subject.user,
    groups: subject.groups,
    groupsFrom,
    address: subject.address ?? null,
    exempt: exemption !== undefined,
    exemption: exemption ? { kind: exemption.kind, name: exemption.name, ...placeJson(exemption.at) } : null,
    rule: rule ? ruleJson(rule) : null,
    rules: rules.map(ruleJson),
    limits: limitsJson(limits, limitOrigins),
    time: now.toISOString(),
    forecast: {
      idleTerminal: rehearsalJson(forecast.idleTerminal, now),
      idleWithoutTerminal: rehearsalJson(forecast.idleWithoutTerminal, now),
      working: forecast.working ? rehearsalJson(forecast.working, now) : null,
      active: rehearsalJson(forecast.active, now),
    },
  };
}

function rehearsalJson({ warnings, lock, end }: Rehearsal, now: Date) {
  const moment = (afterMs: number) => ({
    time: new Date(now.getTime() + afterMs).toISOString(),
    afterSeconds: afterMs / 1000,
  });
  return {
    warnings: warnings.map(({ afterMs, beforeEndMs, reason }) => ({
      ...moment(afterMs),
      beforeEndSeconds: beforeEndMs / 1000,
      reason,
    })),
    lock: lock ? { ...moment(lock.afterMs), reason: lock.reason } : null,
    end: end ? { ...moment(end.afterMs), reason: end.reason } : null,
  };
}
