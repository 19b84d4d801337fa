// How an explanation is shown to people.

import { printable, styled } from "../../console/output.ts";
import { limitTable, placeText } from "../../console/policy-parts.ts";
import { tableOf } from "../../console/table.ts";
import { LIMIT_KEYS } from "../../policy/limits.ts";
import type { MatchKey } from "../../policy/match.ts";
import { formatDuration } from "../../text/duration.ts";
import type { Exemption, Explanation, Misfit, RuleAnswer } from "./explain.ts";
import { forecastLines } from "./forecast-text.ts";

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
  const ruleRows = rules.map(({ at, answer }) => [placeText(at), answerText(answer)]);
  return [
    ...whoLines(explanation, groupsFrom),
    "",
    decisionLine(explanation),
    ...exceptionLines(explanation),
    ...otherKindLines(explanation),
    ...(rules.length > 0 ? ["", tableOf(["RULE", "MATCHES"], ruleRows, columns)] : []),
    "",
    limitTable(limits, limitOrigins, LIMIT_KEYS, columns),
    "",
    ...forecastLines(explanation, now),
  ];
}

const MISFITS: Readonly<Partial<Record<Misfit, string>>> = {
  "other group": "no: other groups",
  "no address": "no: the address is not known; give it with --from",
  "no port": "no: the port is not known; give it with --port",
  "no uid": "no: the uid is not known",
};

function answerText(answer: RuleAnswer["answer"]): string {
  if (answer === "applies") return "yes: it applies";
  if (answer === "later") return "yes, but a rule before it applies";
  return MISFITS[answer] ?? `no: an${answer}`;
}

function whoLines({ subject, askedFor }: Explanation, from: GroupsFrom): string[] {
  const { user, uid, groups, address, port, hosts = [], kind } = subject;
  const facts: readonly (readonly [MatchKey, string, string])[] = [
    ["uids", "uid", String(uid ?? "not known")],
    ["ports", "port", String(port ?? "not given")],
    ["hosts", "host", hosts.join(", ")],
    ["kinds", "kind", kind ?? "shell (not given)"],
  ];
  const known = `${printable(groups.join(", ")) || "none"}${from === "option" ? " (as given)" : ""}`;
  return [
    `user     ${printable(user)}`,
    `groups   ${from === "unknown" ? "not known, but the policy does not need them for this user" : known}`,
    `address  ${printable(address ?? "not given")}`,
    ...facts.flatMap(([key, fact, value]) =>
      askedFor.includes(key) ? [`${fact.padEnd(9)}${printable(value)}`] : [],
    ),
  ];
}

function decisionLine({ exemption, exemptAge, rule }: Explanation): string {
  const limits = ruleText(rule);
  if (exemption) {
    const { maxLoginMs = Number.POSITIVE_INFINITY, at } = exemptAge ?? {};
    const what = exemptAge
      ? `Ended ${formatDuration(maxLoginMs)} after it began (max_login, ${placeText(at)}), never for being idle`
      : "Never warned, never ended";
    return `${styled("bold", "Exempt")}: ${entryText(exemption)}. ${what}; without that, ${limits} would apply.`;
  }
  return `${styled("bold", "Applies")}: ${limits}${rule ? "" : "; no rule matches"}.`;
}

function entryText({ kind, name, at }: Exemption): string {
  return `${kind} ${printable(name)}, ${placeText(at)}`;
}

function ruleText(rule: RuleAnswer | undefined): string {
  return rule ? `the rule at ${placeText(rule.at)}` : "the top level";
}

function exceptionLines({ exception }: Explanation): string[] {
  return exception ? [`${styled("bold", "Not exempt")}: ${entryText(exception)}.`] : [];
}

/** The answer above is for a shell. */
function otherKindLines({ otherKinds }: Explanation): string[] {
  return otherKinds.map(
    ({ kind, rule }) =>
      `${styled("bold", `For a login of the kind ${kind}`)}: ${ruleText(rule)}; see --kind ${kind}.`,
  );
}
