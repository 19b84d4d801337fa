// What a policy says for one user, and why. It uses the code of a check: `apply` tells for whom, `judge` tells when.
import { busyAtMs } from "../../activity/busy.ts";
import { apply, choose, misfit, type PolicySubject } from "../../policy/apply.ts";
import type { LimitOrigins, Origin, Origins } from "../../policy/origins.ts";
import type { Limits, Policy } from "../../policy/policy.ts";
import { type Rehearsal, rehearse } from "./rehearse.ts";

/** What exempts a user, and the place that sets it. */
export interface Exemption {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly at: Origin;
}

/** One rule of the policy, and what it means for this user. */
export interface RuleAnswer {
  readonly name: string;
  readonly at: Origin;
  /** `later`: it matches, but an earlier rule decides. */
  readonly answer: "applies" | "other user" | "other group" | "other address" | "no address" | "later";
}

export interface Explanation {
  readonly subject: PolicySubject;
  readonly exemption: Exemption | undefined;
  readonly rules: readonly RuleAnswer[];
  /** The rule that sets these limits; `undefined` for the top level. */
  readonly rule: RuleAnswer | undefined;
  readonly limits: Limits;
  readonly limitOrigins: LimitOrigins;
  /** The policy asks for a lock, and this host cannot lock: the limit closes the terminal. */
  readonly closesInstead: boolean;
  readonly forecast: Forecast;
}

/** What happens to a login that begins now. */
export interface Forecast {
  /** If nobody types and nothing happens. */
  readonly idleTerminal: Rehearsal;
  readonly idleWithoutTerminal: Rehearsal;
  /** If the command in the foreground works for ever and nobody types; `undefined` if work is no activity in this policy. */
  readonly working: Rehearsal | undefined;
  /** If the user types for ever. */
  readonly active: Rehearsal;
}

/** Explains a policy for one user. `isLockable`: whether a hook of this host can lock. */
export function explain(
  policy: Policy,
  origins: Origins,
  subject: PolicySubject,
  isLockable = true,
): Explanation {
  const { exemption, rule: index } = choose(policy, subject);
  const wanted = apply(policy, subject);
  const closesInstead = wanted.limits.atLimit === "lock" && !isLockable;
  const applied = closesInstead
    ? { ...wanted, limits: { ...wanted.limits, atLimit: "end" as const } }
    : wanted;
  const rules = policy.rules.map((rule, at): RuleAnswer => {
    const { name } = rule;
    const place = origins.rules[at]?.at ?? nowhere(name);
    return { name, at: place, answer: at === index ? "applies" : answerOf(misfit(rule, subject), subject) };
  });
  const own = index === undefined ? undefined : origins.rules[index];
  return {
    subject,
    exemption: exemption && {
      kind: exemption.list === "users" ? "user" : "group",
      name: policy.exempt[exemption.list][exemption.index] ?? nowhere(exemption.list),
      at: origins.exempt[exemption.list][exemption.index] ?? nowhere(exemption.list),
    },
    rules,
    rule: index === undefined ? undefined : rules[index],
    limits: wanted.limits,
    limitOrigins: own?.all ?? origins.base,
    closesInstead,
    forecast: {
      idleTerminal: rehearse(applied, { kind: "terminal", activeForMs: 0 }),
      idleWithoutTerminal: rehearse(applied, { kind: "login", activeForMs: 0 }),
      working: applied.limits.activity.includes("busy")
        ? rehearse(applied, { kind: "terminal", activeForMs: workForMs(applied.limits) })
        : undefined,
      active: rehearse(applied, { kind: "terminal", activeForMs: Number.POSITIVE_INFINITY }),
    },
  };
}

/** How long endless work counts as activity, in ms. */
function workForMs({ busyMaxMs, idleTimeoutMs }: Limits): number {
  return busyAtMs(Number.POSITIVE_INFINITY, 0, busyMaxMs, idleTimeoutMs);
}

function answerOf(reason: ReturnType<typeof misfit>, { address }: PolicySubject): RuleAnswer["answer"] {
  switch (reason) {
    case undefined:
      return "later";
    case "user":
      return "other user";
    case "group":
      return "other group";
    case "address":
      return address === undefined ? "no address" : "other address";
  }
}

/** Cannot happen: a policy and its origins are made from the same files, entry by entry. */
function nowhere(what: string): never {
  throw new Error(`where ${what} was set is not known`);
}
