import { isWithin } from "./network.ts";
import type { Applied, Limits, Policy, Rule } from "./policy.ts";

/** Who logged in, and from where; no address where the login did not come over TCP, or it cannot be seen. */
export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly address?: string | undefined;
}

/** Says what a policy asks of one login: nothing of who is exempt, else the limits of the first rule that matches, else those of the top level. */
export function apply(policy: Policy, subject: Subject): Applied {
  const exemption = exemptionOf(policy, subject);
  if (exemption) return { rule: `exempt: ${exemption}`, exempt: true, limits: withoutLimits(policy.base) };
  const rule = policy.rules.find((candidate) => matches(candidate, subject));
  return { rule: rule?.name ?? "top level", exempt: false, limits: rule?.limits ?? policy.base };
}

function exemptionOf({ exempt }: Policy, { user, groups }: Subject): string | undefined {
  if (exempt.users.includes(user)) return `user ${user}`;
  const group = exempt.groups.find((name) => groups.includes(name));
  return group === undefined ? undefined : `group ${group}`;
}

/** Whoever forgets to ask `exempt` finds nothing that could end the login. */
function withoutLimits(limits: Limits): Limits {
  const never = Number.POSITIVE_INFINITY;
  return { ...limits, idleTimeoutMs: never, noTerminalMs: never, maxLoginMs: never };
}

/** A rule matches when each list that is not empty has an entry that does. Without an address no `from` matches. */
function matches({ match }: Rule, { user, groups, address }: Subject): boolean {
  return (
    (match.users.length === 0 || match.users.includes(user)) &&
    (match.groups.length === 0 || match.groups.some((name) => groups.includes(name))) &&
    (match.from.length === 0 || (address !== undefined && isWithin(address, match.from)))
  );
}
