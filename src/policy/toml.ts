// A merged policy as one file with the same meaning. Each line says which place it comes from.
import { stringify } from "smol-toml";
import { formatDuration } from "../text/duration.ts";
import { LIMIT_KEYS, type LimitKey } from "./limits.ts";
import { MATCH_KEYS } from "./match.ts";
import type { LimitOrigins, Origin, Origins } from "./origins.ts";
import type { Limits, Policy } from "./policy.ts";
import { ascii } from "./problems.ts";
import { limitValue, type Value } from "./values.ts";

/** Writes a policy as TOML. A rule holds only the keys that it sets itself. */
export function policyToml(policy: Policy, origins: Origins): string {
  const exempt = (list: "users" | "groups") => [
    `${list} = [`,
    ...policy.exempt[list].map((name, at) => `  ${tomlOf(name)},${comment(origins.exempt[list][at])}`),
    "]",
  ];
  const rules = policy.rules.flatMap(({ match, limits }, at) => {
    const own = origins.rules[at]?.own ?? {};
    const lists = MATCH_KEYS.flatMap((key) => (match[key].length > 0 ? [[key, match[key]] as const] : []));
    return [
      "",
      `[[rule]]${comment(origins.rules[at]?.at)}`,
      `match = {${lists.map(([list, names]) => ` ${list} = ${tomlOf(names)}`).join(",")} }`,
      ...limitLines(
        limits,
        own,
        LIMIT_KEYS.filter((key) => own[key]),
      ),
    ];
  });
  return [
    ...limitLines(policy.base, origins.base, LIMIT_KEYS),
    "",
    "[exempt]",
    ...exempt("groups"),
    ...exempt("users"),
    ...(Number.isFinite(policy.exempt.maxLoginMs)
      ? [`max_login = ${tomlOf(formatDuration(policy.exempt.maxLoginMs))}${comment(origins.exempt.maxLogin)}`]
      : []),
    ...rules,
  ].join("\n");
}

function limitLines(limits: Limits, origins: LimitOrigins, keys: readonly LimitKey[]): string[] {
  return keys.map((key) => `${key} = ${tomlOf(limitValue(limits, key))}${comment(origins[key])}`);
}

/** One value on one line. */
function tomlOf(value: Value | readonly number[]): string {
  return stringify({ v: value }).trim().slice("v = ".length);
}

/** A TOML comment ends at the end of the line, but a file name may contain a line break. */
function comment(origin: Origin | undefined): string {
  return `  # ${origin ? `${ascii(origin.file, 4096)}:${origin.line}` : "default"}`;
}
