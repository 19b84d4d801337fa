import { isWithin } from "./network.ts";
import type { Applied, Policy, Rule } from "./policy.ts";

/** Who logged in, and from where; no address where the login did not come over TCP, or it cannot be seen. */
export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly address?: string | undefined;
}

/**
 * Says what a policy asks of one login: the limits of the first rule that matches, else those of the top level. An exempt login has
 * them too, for the day it is exempt no longer.
 */
export function apply(policy: Policy, subject: Subject): Applied {
  const exemption = exemptionOf(policy, subject);
  const rule = policy.rules.find((candidate) => matches(candidate, subject));
  const limits = rule?.limits ?? policy.base;
  if (exemption) return { rule: `exempt: ${exemption}`, exempt: true, limits };
  return { rule: rule?.name ?? "top level", exempt: false, limits };
}

function exemptionOf({ exempt }: Policy, { user, groups }: Subject): string | undefined {
  if (exempt.users.includes(user)) return `user ${user}`;
  const group = exempt.groups.find((name) => groups.includes(name));
  return group === undefined ? undefined : `group ${group}`;
}

/** A rule matches when each list that is not empty has an entry that does. Without an address no `from` matches. */
function matches({ match }: Rule, { user, groups, address }: Subject): boolean {
  return (
    (match.users.length === 0 || match.users.includes(user)) &&
    (match.groups.length === 0 || match.groups.some((name) => groups.includes(name))) &&
    (match.from.length === 0 || (address !== undefined && isWithin(address, match.from)))
  );
}
