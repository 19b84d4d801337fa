// What a policy is once it has been read. Reading it is in load.ts, choosing what applies to a user in apply.ts.

/** A kind of evidence that somebody, or work that somebody waits for, is there. */
export type Source = "input" | "busy" | "transfer" | "output";

/** What a policy asks of one login. Durations in milliseconds; `Infinity` stands for "off". */
export interface Limits {
  /** How long a login may be idle. */
  readonly idleTimeoutMs: number;
  /** How long before the end each notice is given, longest first. For a limit that is not longer, a notice is not given. */
  readonly warnBeforeMs: readonly number[];
  readonly activity: readonly Source[];
  /** A login that only work keeps ends this long after the last key. */
  readonly busyMaxMs: number;
  /** The limit of a login without a terminal. */
  readonly noTerminalMs: number;
  /** Ends even an active login. */
  readonly maxLoginMs: number;
  /** The longest that a user may ask for with `afkill stay`; `Infinity`, which stands for "off", lets nobody ask. */
  readonly maxStayMs: number;
  /** Whether a mouse that moves is activity, on a terminal where it can be told from keys. */
  readonly mouseMotion: boolean;
  /** Whether the times of a terminal are believed, which its user can set; else keys count only where the client sent something that can be keys. */
  readonly trustTtyTimes: boolean;
  /** Whether the heartbeat of a program counts as use of a forwarded port; else what comes in equal steps at equal distances does not. */
  readonly heartbeats: boolean;
  /** A line of the administrator's own that follows each notice; empty for none. */
  readonly message: string;
}

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
