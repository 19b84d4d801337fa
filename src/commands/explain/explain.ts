// What a policy says for one user, and why. It uses the code of a check: `apply` tells for whom, `judge` tells when.
import { busyAtMs } from "../../activity/busy.ts";
import { LOGIN_KINDS, type LoginKind } from "../../audit/words.ts";
import { ageLimitMs } from "../../guard/judge.ts";
import { apply, choose, type ExemptEntry, type PolicySubject, USUAL_KIND } from "../../policy/apply.ts";
import { MATCH_KEYS, type MatchKey, misfit } from "../../policy/match.ts";
import type { LimitOrigins, Origin, Origins } from "../../policy/origins.ts";
import { appliedTo, type Limits, type Policy, withoutLock } from "../../policy/policy.ts";
import { type Rehearsal, rehearse } from "./rehearse.ts";

/** What exempts a user, or takes them out of the exemption, and the place that sets it. */
export interface Exemption {
  readonly kind: "user" | "group";
  readonly name: string;
  readonly at: Origin;
}

/** Why a rule does not fit a login: another fact than it asks for, or one that is not known. */
export type Misfit = `${"other" | "no"} ${"user" | "group" | "address" | "host" | "kind" | "port" | "uid"}`;

/** One rule of the policy, and what it means for this user. */
export interface RuleAnswer {
  readonly name: string;
  readonly at: Origin;
  /** `later`: it matches, but an earlier rule decides. */
  readonly answer: "applies" | "later" | Misfit;
}

export interface Explanation {
  readonly subject: PolicySubject;
  readonly exemption: Exemption | undefined;
  /** What takes the user out of the exemption. */
  readonly exception: Exemption | undefined;
  /** How long an exempt login may last, in ms, and where that was set; `undefined` for ever. */
  readonly exemptAge: { readonly maxLoginMs: number; readonly at: Origin | undefined } | undefined;
  /** The facts of a login that rules of this policy ask for. */
  readonly askedFor: readonly MatchKey[];
  /** The kinds of login for which another rule decides. */
  readonly otherKinds: readonly { readonly kind: LoginKind; readonly rule: RuleAnswer | undefined }[];
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
  /** Of one command, unless the subject is of another kind. */
  readonly idleWithoutTerminal: Rehearsal;
  /** If the command in the foreground works for ever and nobody types; `undefined` if work is no activity in this policy. */
  readonly working: Rehearsal | undefined;
  /** If the user types for ever. */
  readonly active: Rehearsal;
}

/**
 * Explains a policy for one user. Without a kind of login, the answer is for a shell, and `otherKinds` has what differs from it.
 * `isLockable`: whether a hook of this host can lock.
 */
export function explain(
  policy: Policy,
  origins: Origins,
  asked: PolicySubject,
  isLockable = true,
): Explanation {
  const { kind = USUAL_KIND } = asked;
  const subject = { ...asked, kind };
  const { exemption, exception, rule: index } = choose(policy, subject);
  const wanted = apply(policy, asked);
  const applied = isLockable ? wanted : withoutLock(wanted);
  const withoutTerminal = appliedTo(asked.kind ?? "command", applied);
  const entryOf = ({ list, index }: ExemptEntry): Exemption => ({
    kind: list === "users" ? "user" : "group",
    name: policy.exempt[list][index] ?? nowhere(list),
    at: origins.exempt[list][index] ?? nowhere(list),
  });
  const rules = policy.rules.map((rule, at): RuleAnswer => {
    const { name } = rule;
    const place = origins.rules[at]?.at ?? nowhere(name);
    return {
      name,
      at: place,
      answer: at === index ? "applies" : answerOf(misfit(rule.match, subject), subject),
    };
  });
  const own = index === undefined ? undefined : origins.rules[index];
  return {
    subject: asked,
    exemption: exemption && entryOf(exemption),
    exception: exception && entryOf(exception),
    exemptAge:
      exemption && Number.isFinite(ageLimitMs(applied))
        ? { maxLoginMs: ageLimitMs(applied), at: origins.exempt.maxLogin }
        : undefined,
    askedFor: MATCH_KEYS.filter((key) => policy.rules.some(({ match }) => match[key].length > 0)),
    otherKinds:
      asked.kind === undefined
        ? LOGIN_KINDS.flatMap((other) => {
            const { rule } = choose(policy, { ...subject, kind: other });
            return rule === index
              ? []
              : [{ kind: other, rule: rule === undefined ? undefined : rules[rule] }];
          })
        : [],
    rules,
    rule: index === undefined ? undefined : rules[index],
    limits: wanted.limits,
    limitOrigins: own?.all ?? origins.base,
    closesInstead: !isLockable && !exemption && kind === "shell" && wanted.limits.atLimit === "lock",
    forecast: {
      idleTerminal: rehearse(applied, { kind: "terminal", activeForMs: 0 }),
      idleWithoutTerminal: rehearse(withoutTerminal, { kind: "login", activeForMs: 0 }),
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

/** The fact that each key asks for. */
const FACTS = {
  users: "user",
  groups: "group",
  from: "address",
  hosts: "host",
  kinds: "kind",
  ports: "port",
  uids: "uid",
} as const satisfies Record<MatchKey, string>;

function answerOf(key: MatchKey | undefined, subject: PolicySubject): RuleAnswer["answer"] {
  if (key === undefined) return "later";
  const fact = FACTS[key];
  const isUnknown = (fact === "address" || fact === "port" || fact === "uid") && subject[fact] === undefined;
  return `${isUnknown ? "no" : "other"} ${fact}`;
}

/** Cannot happen: a policy and its origins are made from the same files, entry by entry. */
function nowhere(what: string): never {
  throw new Error(`where ${what} was set is not known`);
}
