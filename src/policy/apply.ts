import { isWithin } from "./network.ts";
import type { Applied, Policy, Rule } from "./policy.ts";

/** Who logged in, and from where. No address if the login did not come over TCP, or if the address cannot be seen. */
export interface PolicySubject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly address?: string | undefined;
}

/** What a policy says about a user: the first exemption and the first rule that match, by their index in the policy's lists. */
export interface Choice {
  readonly exemption?: { readonly list: "users" | "groups"; readonly index: number } | undefined;
  readonly rule?: number | undefined;
}

/** Why a rule does not match a user. */
export type Misfit = "user" | "group" | "address";

/**
 * Returns what a policy says for one login: the limits of the first rule that matches, else those of the top level. An exempt login
 * gets limits too. They apply when it is no longer exempt.
 */
export function apply(policy: Policy, subject: PolicySubject): Applied {
  const { exemption, rule: index } = choose(policy, subject);
  const rule = index === undefined ? undefined : policy.rules[index];
  const limits = rule?.limits ?? policy.base;
  if (exemption) {
    const kind = exemption.list === "users" ? "user" : "group";
    const name = policy.exempt[exemption.list][exemption.index];
    return { rule: `exempt: ${kind} ${name}`, exempt: true, limits };
  }
  return { rule: rule?.name ?? "top level", exempt: false, limits };
}

/** Finds the exemption and the rule that decide for this user. */
export function choose({ exempt, rules }: Policy, subject: PolicySubject): Choice {
  const user = found(exempt.users.indexOf(subject.user));
  const group = found(exempt.groups.findIndex((name) => subject.groups.includes(name)));
  const rule = found(rules.findIndex((candidate) => misfit(candidate, subject) === undefined));
  if (user !== undefined) return { exemption: { list: "users", index: user }, rule };
  return { exemption: group === undefined ? undefined : { list: "groups", index: group }, rule };
}

/**
 * Whether the policy's answer for this user depends on their groups. If not, nobody asks for the groups: a directory server that hangs
 * must not spare or end a user whom no group concerns.
 */
export function asksForGroups(
  { exempt, rules }: Policy,
  { user, address }: Omit<PolicySubject, "groups">,
): boolean {
  if (exempt.users.includes(user)) return false;
  if (exempt.groups.length > 0) return true;
  // The rules up to the first one that matches without looking at the groups.
  const withoutGroups = ({ match, ...rule }: Rule) =>
    misfit({ ...rule, match: { ...match, groups: [] } }, { user, groups: [], address });
  const first = rules.find((rule) => withoutGroups(rule) === undefined);
  return first !== undefined && first.match.groups.length > 0;
}

function found(index: number): number | undefined {
  return index < 0 ? undefined : index;
}

/**
 * The first reason why a rule does not match a user; `undefined` when it matches: every list that is not empty has a matching entry.
 * Without an address no `from` matches.
 */
export function misfit({ match }: Rule, { user, groups, address }: PolicySubject): Misfit | undefined {
  if (match.users.length > 0 && !match.users.includes(user)) return "user";
  if (match.groups.length > 0 && !match.groups.some((name) => groups.includes(name))) return "group";
  if (match.from.length > 0 && (address === undefined || !isWithin(address, match.from))) return "address";
  return undefined;
}
