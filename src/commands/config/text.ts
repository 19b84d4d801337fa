// How a policy and its problems are shown: to people, and to programs.

import { printable, styled } from "../../console/output.ts";
import { limitsJson, limitTable, placeJson, placeText } from "../../console/policy-parts.ts";
import { tableOf } from "../../console/table.ts";
import { LIMIT_KEYS } from "../../policy/limits.ts";
import { MATCH_KEYS } from "../../policy/match.ts";
import type { Origins } from "../../policy/origins.ts";
import type { Policy, Rule } from "../../policy/policy.ts";
import { formatProblem, PolicyError, type Problem } from "../../policy/problems.ts";
import { formatDuration } from "../../text/duration.ts";

/** A checked policy for people: one line for each problem, or a line that says how much was read, and one line for each warning. */
export function checkLines(result: Policy | PolicyError, warnings: readonly Problem[]): string[] {
  if (result instanceof PolicyError) {
    const lines = result.problems.map((problem) => printable(formatProblem(problem)));
    return [...lines, counted(result.problems.length, "mistake")];
  }
  const { files, rules } = result;
  const warned = warnings.length > 0 ? [counted(warnings.length, "warning")] : [];
  return [
    ...files.map(printable),
    ...warnings.map(({ message, ...at }) =>
      printable(formatProblem({ ...at, message: `warning: ${message}` })),
    ),
    `good: ${[counted(files.length, "file"), counted(rules.length, "rule"), ...warned].join(", ")}`,
  ];
}

/** A checked policy for programs. */
export function checkJson(result: Policy | PolicyError, warnings: readonly Problem[]) {
  if (result instanceof PolicyError) return { good: false, problems: result.problems, warnings };
  return { good: true, problems: [], warnings, files: result.files, rules: result.rules.length };
}

function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** A policy for people: every key with its value and the place that set it, then the exemptions, then the rules. */
export function showLines(policy: Policy, origins: Origins, columns: number | undefined): string[] {
  const exempt = (list: "users" | "groups") =>
    policy.exempt[list].map((name, at) => [
      list === "users" ? "user" : "group",
      printable(name),
      placeText(origins.exempt[list][at]),
    ]);
  const exempted = [...exempt("groups"), ...exempt("users")];
  const { length } = policy.rules;
  const rules = policy.rules.flatMap((rule, at) => {
    const places = origins.rules[at];
    const number = length > 1 ? ` ${at + 1} of ${length},` : "";
    const title = `${styled("bold", `Rule${number} at ${placeText(places?.at)}`)}, for ${matchText(rule)}`;
    const own = LIMIT_KEYS.filter((key) => places?.own[key]);
    const table = limitTable(rule.limits, places?.own ?? {}, own, columns);
    return ["", title, own.length > 0 ? table : "changes nothing"];
  });
  return [
    limitTable(policy.base, origins.base, LIMIT_KEYS, columns),
    "",
    exempted.length > 0 ? tableOf(["EXEMPT", "NAME", "SET BY"], exempted, columns) : "Nobody is exempt.",
    ...exemptAgeLines(policy, origins),
    ...(length > 1
      ? ["", "The rules are tried in this order. The first one that fits a login decides."]
      : []),
    ...rules,
  ];
}

function exemptAgeLines({ exempt: { maxLoginMs } }: Policy, origins: Origins): string[] {
  if (!Number.isFinite(maxLoginMs)) return [];
  return [`max_login of exempt users: ${formatDuration(maxLoginMs)}, ${placeText(origins.exempt.maxLogin)}`];
}

/** What a rule asks for, in the words of its keys. */
function matchText({ match }: Rule): string {
  const parts = MATCH_KEYS.filter((key) => match[key].length > 0).map(
    (key) => `${key === "from" ? "addresses" : key} ${match[key].join(", ")}`,
  );
  return printable(parts.join("; and ")) || "everybody";
}

/** A policy for programs. */
export function showJson(policy: Policy, origins: Origins) {
  const exempt = (list: "users" | "groups") =>
    policy.exempt[list].map((name, at) => ({ name, setBy: placeJson(origins.exempt[list][at]) }));
  return {
    files: policy.files,
    limits: limitsJson(policy.base, origins.base),
    exempt: {
      groups: exempt("groups"),
      users: exempt("users"),
      maxLogin: Number.isFinite(policy.exempt.maxLoginMs)
        ? { valueSeconds: policy.exempt.maxLoginMs / 1000, setBy: placeJson(origins.exempt.maxLogin) }
        : null,
    },
    rules: policy.rules.map((rule, at) => ({
      name: rule.name,
      setBy: placeJson(origins.rules[at]?.at),
      match: rule.match,
      limits: limitsJson(rule.limits, origins.rules[at]?.all ?? {}),
    })),
  };
}
