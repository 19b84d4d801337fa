// A policy after reading. load.ts reads it, apply.ts chooses what applies to a user.

import type { Limits } from "./limits.ts";

export type { Limits, Source } from "./limits.ts";

/** One `[[rule]]`. Its limits are complete: keys that it left out come from the top level. */
export interface Rule {
  /** Where it is, for an administrator: `rule 2, /etc/afkill/afkill.toml:14`. */
  readonly name: string;
  readonly match: {
    readonly users: readonly string[];
    readonly groups: readonly string[];
    readonly from: readonly string[];
  };
  readonly limits: Limits;
}

/** A whole policy: the main file and its drop-ins, merged and checked. */
export interface Policy {
  readonly base: Limits;
  readonly exempt: { readonly users: readonly string[]; readonly groups: readonly string[] };
  readonly rules: readonly Rule[];
  /** The files of the policy, in the order they were read. */
  readonly files: readonly string[];
}

/** What a policy says for one login: the result of `apply`. */
export interface Applied {
  /** What decided: a rule's name, `top level`, or why the login is exempt. */
  readonly rule: string;
  readonly exempt: boolean;
  readonly limits: Limits;
}

/** The same for a login that nobody can lock: its limit ends it. */
export function withoutLock(applied: Applied): Applied {
  if (applied.limits.atLimit === "end") return applied;
  return { ...applied, limits: { ...applied.limits, atLimit: "end" } };
}

/** The same with another idle timeout than the policy's, in ms; unchanged for `undefined`. An exempt login stays exempt. */
export function withIdleTimeout(applied: Applied, idleTimeoutMs: number | undefined): Applied {
  if (idleTimeoutMs === undefined || applied.exempt) return applied;
  return {
    ...applied,
    rule: `${applied.rule}, idle timeout of afkill sweep`,
    limits: { ...applied.limits, idleTimeoutMs },
  };
}
