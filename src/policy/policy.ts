// What a policy is once it has been read. Reading it is in load.ts, choosing what applies to a user in apply.ts.

import type { Limits } from "./limits.ts";

export type { Limits, Source } from "./limits.ts";

/** One `[[rule]]`: its limits are complete, what it left out has been taken from the top level. */
export interface Rule {
  /** Where it stands, to tell an administrator: `rule 2, /etc/afkill/afkill.toml:14`. */
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
  /** The files that it came from, in the order they were read. */
  readonly files: readonly string[];
}

/** What a policy says of one login: the answer of `apply`. */
export interface Applied {
  /** Which rule decided: a rule's name, `top level`, or why the login is exempt. */
  readonly rule: string;
  readonly exempt: boolean;
  readonly limits: Limits;
}

/** What applies with another idle timeout than the policy's. A login that is exempt stays so. */
export function withIdleTimeout(applied: Applied, idleTimeoutMs: number | undefined): Applied {
  if (idleTimeoutMs === undefined || applied.exempt) return applied;
  return {
    ...applied,
    rule: `${applied.rule}, idle timeout of afkill sweep`,
    limits: { ...applied.limits, idleTimeoutMs },
  };
}
