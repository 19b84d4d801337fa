import { LOGIN_KINDS, type LoginKind } from "../audit/words.ts";
import { misfit, type PolicySubject } from "./match.ts";
import { canFit, decidingEntry } from "./pattern.ts";
import type { Applied, AppliedToKind, Policy, Rule } from "./policy.ts";

export type { PolicySubject } from "./match.ts";

/** An entry under `[exempt]`. */
export interface ExemptEntry {
  readonly list: "users" | "groups";
  readonly index: number;
}

/** What a policy says about a user: what exempts them, and the first rule that fits, by their index in the policy's lists. */
export interface Choice {
  readonly exemption?: ExemptEntry | undefined;
  /** The entry with `!` that takes the user out of the exemption. */
  readonly exception?: ExemptEntry | undefined;
  readonly rule?: number | undefined;
}

/** A kind that stands for a login whose kind is not known: most logins are shells. */
export const USUAL_KIND: LoginKind = "shell";

/**
 * Returns what a policy says for one login: the limits of the first rule that fits, else those of the top level. An exempt login gets
 * limits too. They apply when it is no longer exempt. Without a kind of login, there is an answer for each.
 */
export function apply(policy: Policy, subject: PolicySubject): Applied {
  if (subject.kind !== undefined) return applyToKind(policy, subject);
  const usual = applyToKind(policy, { ...subject, kind: USUAL_KIND });
  const answers = LOGIN_KINDS.map((kind) => [kind, applyToKind(policy, { ...subject, kind })] as const);
  if (answers.every(([, it]) => it.rule === usual.rule && it.limits === usual.limits)) return usual;
  return { ...usual, ofKind: Object.fromEntries(answers) as Record<LoginKind, AppliedToKind> };
}

function applyToKind(policy: Policy, subject: PolicySubject): AppliedToKind {
  const { exemption, rule: index } = choose(policy, subject);
  const rule = index === undefined ? undefined : policy.rules[index];
  const limits = rule?.limits ?? policy.base;
  if (!exemption) return { rule: rule?.name ?? "top level", exempt: false, limits };
  const { maxLoginMs } = policy.exempt;
  const kind = exemption.list === "users" ? "user" : "group";
  const name = policy.exempt[exemption.list][exemption.index];
  const age = Number.isFinite(maxLoginMs) ? { exemptMaxLoginMs: maxLoginMs } : {};
  return { rule: `exempt: ${kind} ${name}`, exempt: true, limits, ...age };
}

/** Finds the exemption and the rule that decide for this login. The users of an exemption decide before its groups. */
export function choose({ exempt, rules }: Policy, subject: PolicySubject): Choice {
  const index = rules.findIndex(({ match }) => misfit(match, subject) === undefined);
  const rule = index < 0 ? undefined : index;
  for (const [list, names] of [["users", [subject.user]] as const, ["groups", subject.groups] as const]) {
    const deciding = decidingEntry(exempt[list], names);
    if (!deciding) continue;
    const entry = { list, index: deciding.index };
    return deciding.isException ? { exception: entry, rule } : { exemption: entry, rule };
  }
  return { rule };
}

/**
 * Whether the policy's answer for this user depends on their groups. If not, nobody asks for the groups: a directory server that hangs
 * must not spare or end a user whom no group concerns.
 */
export function asksForGroups({ exempt, rules }: Policy, who: Omit<PolicySubject, "groups">): boolean {
  const byName = decidingEntry(exempt.users, [who.user]);
  if (byName?.isException === false) return false;
  if (!byName && canFit(exempt.groups)) return true;
  const kinds = who.kind === undefined ? LOGIN_KINDS : [who.kind];
  return kinds.some((kind) => {
    // The rules up to the first one that fits whatever the groups are.
    const first = rules.find((rule) => canFitApartFromGroups(rule, { ...who, kind, groups: [] }));
    return first !== undefined && first.match.groups.length > 0;
  });
}

function canFitApartFromGroups({ match }: Rule, subject: PolicySubject): boolean {
  const { groups } = match;
  const isPossible = groups.length === 0 || canFit(groups);
  return isPossible && misfit({ ...match, groups: [] }, subject) === undefined;
}
