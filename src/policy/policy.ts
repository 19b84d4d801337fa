// A policy after reading. load.ts reads it, apply.ts chooses what applies to a user.

import type { LoginKind } from "../audit/words.ts";
import type { Limits } from "./limits.ts";
import type { Match } from "./match.ts";

export type { Limits, Source } from "./limits.ts";

/** One `[[rule]]`. Its limits are complete: keys that it left out come from the top level. */
export interface Rule {
  /** Where it is, for an administrator: `rule 2, /etc/afkill/afkill.toml:14`. */
  readonly name: string;
  readonly match: Match;
  readonly limits: Limits;
}

/** Who is exempt: lists of patterns. */
export interface Exempt {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  /** How long even an exempt login may last. */
  readonly maxLoginMs: number;
}

/** A whole policy: the main file and its drop-ins, merged and checked. */
export interface Policy {
  readonly base: Limits;
  readonly exempt: Exempt;
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[];
  /** The files of the policy, in the order they were read. */
  readonly files: readonly string[];
}

/** What a policy says for one login of one kind. */
export interface AppliedToKind {
  /** What decided: a rule's name, `top level`, or why the login is exempt. */
  readonly rule: string;
  readonly exempt: boolean;
  readonly limits: Limits;
  /** How long an exempt login may last all the same; absent for ever. */
  readonly exemptMaxLoginMs?: number | undefined;
}

/** What a policy says for one login: the result of `apply`. */
export interface Applied extends AppliedToKind {
  /** What it says for each kind of login, if it differs. The kind of a login can change while it lives. */
  readonly ofKind?: Readonly<Record<LoginKind, AppliedToKind>> | undefined;
}

/** What applies to a login while it is of this kind. The answers for the other kinds stay with it. */
export function appliedTo(kind: LoginKind, applied: Applied): Applied {
  const { ofKind } = applied;
  return ofKind ? { ...ofKind[kind], ofKind } : applied;
}

/** The limits that can apply to a login, whatever kind it becomes. */
export function limitsOfKinds({ limits, ofKind }: Applied): readonly Limits[] {
  return ofKind ? Object.values(ofKind).map((it) => it.limits) : [limits];
}

/** The same with other limits, for each kind. */
export function withLimits(applied: Applied, change: (of: AppliedToKind) => Partial<AppliedToKind>): Applied {
  const changed = (it: AppliedToKind): AppliedToKind => ({ ...it, ...change(it) });
  const { ofKind, ...own } = applied;
  if (!ofKind) return changed(own);
  const entries = Object.entries(ofKind).map(([kind, it]) => [kind, changed(it)] as const);
  return { ...changed(own), ofKind: Object.fromEntries(entries) as Record<LoginKind, AppliedToKind> };
}

/** The same for a login that nobody can lock: its limit ends it. */
export function withoutLock(applied: Applied): Applied {
  if (limitsOfKinds(applied).every(({ atLimit }) => atLimit === "end")) return applied;
  return withLimits(applied, ({ limits }) => ({ limits: { ...limits, atLimit: "end" } }));
}

/** The same with another idle timeout than the policy's, in ms; unchanged for `undefined`. An exempt login stays exempt. */
export function withIdleTimeout(applied: Applied, idleTimeoutMs: number | undefined): Applied {
  if (idleTimeoutMs === undefined || applied.exempt) return applied;
  return withLimits(applied, ({ rule, limits }) => ({
    rule: `${rule}, idle timeout of afkill sweep`,
    limits: { ...limits, idleTimeoutMs },
  }));
}
