// The keys of a policy that set a limit, one row each. All code that must know every key uses this table: what a file may say, how
// files are merged, the defaults, what a check remembers, the policy that `install` writes, the manual and the JSON Schema.

/** A kind of evidence that the user, or work that the user waits for, is there. */
export type Source = "input" | "busy" | "transfer" | "output";

/** What the limit does to a terminal: it is closed, or locked until its user proves who they are. */
export type AtLimit = "end" | "lock";

/** The type of the value of each kind of key, once it is read. Durations in milliseconds; `Infinity` means "off". */
export interface Kinds {
  readonly duration: number;
  /** How long before the end each notice is given, longest first. */
  readonly notices: readonly number[];
  readonly sources: readonly Source[];
  readonly switch: boolean;
  /** What the limit does to a terminal. */
  readonly ending: AtLimit;
  /** A whole number from 1 on. */
  readonly count: number;
  /** One line of text; empty for none. */
  readonly line: string;
}

export type Kind = keyof Kinds;

interface Row<K extends Kind> {
  /** The name of its field in `Limits`. */
  readonly field: K extends "duration" | "notices" ? `${string}Ms` : string;
  readonly kind: K;
  /** The value at the top level if no file sets it. */
  readonly byDefault: Kinds[K];
  /** The value that ends nobody. Used when there is no usable policy, and when a memory is older than the key. */
  readonly harmless: Kinds[K];
  /** For afkill.toml(5), and for the JSON Schema that editors show: one to four sentences of plain text. */
  readonly about: string;
  /** For the policy that `install` writes, line by line: printable ASCII. */
  readonly comment: readonly string[];
}

type AnyRow = { readonly [K in Kind]: Row<K> }[Kind];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const OFF = Number.POSITIVE_INFINITY;

/** The rows, in the order of the default policy. Each key may be at the top level and in a rule. */
export const LIMITS = {
  idle_timeout: {
    field: "idleTimeoutMs",
    kind: "duration",
    byDefault: 15 * MINUTE_MS,
    harmless: OFF,
    about:
      "The limit: a terminal on which nothing has happened for this long is closed, or locked: see at_limit. The login ends with its last terminal.",
    comment: [
      "The limit: a terminal on which nothing has happened for this long is closed, or locked: see at_limit.",
      "The login ends with its last terminal.",
    ],
  },
  warn_before: {
    field: "warnBeforeMs",
    kind: "notices",
    byDefault: [5 * MINUTE_MS, MINUTE_MS],
    harmless: [],
    about:
      "Notices on the terminal, this long before the end; at most ten. An empty list gives none. A notice that is not shorter than the limit is left out.",
    comment: [
      "Notices on the terminal, this long before the end. [] gives none. A notice that is not shorter than",
      "the limit is left out.",
    ],
  },
  activity: {
    field: "activity",
    kind: "sources",
    byDefault: ["input", "busy", "transfer"],
    harmless: ["input"],
    about: 'What counts as activity: "input", "busy", "transfer", "output". "input" cannot be left out.',
    comment: [
      "What counts as activity:",
      "  input     keys typed into the terminal; cannot be left out",
      "  busy      the command in the foreground computes, reads or writes files, or moves data over the network",
      "  transfer  the client sends data: an upload, a forwarded port in use",
      '  output    anything written to the terminal; it would keep a forgotten "top" for ever',
    ],
  },
  busy_max: {
    field: "busyMaxMs",
    kind: "duration",
    byDefault: 4 * HOUR_MS,
    harmless: OFF,
    about:
      "A login that only work keeps ends this long after the last key, with notices before. If this is not longer than the limit, work keeps nothing. Without a terminal, the last traffic of the login counts as the last key; if there was none, its beginning does.",
    comment: [
      "A login that only work keeps ends this long after the last key, with notices before. If this is not",
      "longer than the limit, work keeps nothing. Without a terminal, the login's last traffic counts as the key.",
    ],
  },
  no_terminal: {
    field: "noTerminalMs",
    kind: "duration",
    byDefault: OFF,
    harmless: OFF,
    about:
      "The limit of a login without a terminal (scp, sftp, ssh -N, one command): it ends when nothing has moved and nothing has worked for this long.",
    comment: [
      'The limit of a login without a terminal (scp, sftp, "ssh -N", one command): it ends when nothing',
      "has moved and nothing has worked for this long.",
    ],
  },
  max_login: {
    field: "maxLoginMs",
    kind: "duration",
    byDefault: OFF,
    harmless: OFF,
    about:
      "Ends even an active login this long after it began, with the same notices. Suspended time counts here, but all notices are still given in full.",
    comment: ["Ends even an active login this long after it began, with the same notices."],
  },
  at_limit: {
    field: "atLimit",
    kind: "ending",
    byDefault: "end",
    harmless: "end",
    about:
      'What the limit does to a terminal: "end" closes it; "lock" stops its programs until its user has given the password, then they go on. Needs the pam hook: under the other hooks the limit closes the terminal. A login without a terminal cannot be locked: no_terminal ends it.',
    comment: [
      'What the limit does to a terminal: "end" closes it; "lock" stops its programs until its user has given',
      "the password, then they go on. Needs the pam hook: under the other hooks the limit closes the terminal.",
    ],
  },
  lock_max: {
    field: "lockMaxMs",
    kind: "duration",
    byDefault: HOUR_MS,
    harmless: OFF,
    about: 'A terminal that stays locked for this long is closed, without a notice. "off": it stays locked.',
    comment: [
      'A terminal that stays locked for this long is closed, without a notice. "off": it stays locked.',
    ],
  },
  lock_tries: {
    field: "lockTries",
    kind: "count",
    byDefault: 5,
    harmless: 5,
    about: "A locked terminal is closed after this many wrong answers.",
    comment: ["A locked terminal is closed after this many wrong answers."],
  },
  max_stay: {
    field: "maxStayMs",
    kind: "duration",
    byDefault: OFF,
    harmless: OFF,
    about:
      'A user may keep an idle login with "afkill stay", at most this long at a time. "off": no user may.',
    comment: [
      'A user may keep an idle login with "afkill stay", at most this long at a time. "off": no user may.',
    ],
  },
  mouse_motion: {
    field: "mouseMotion",
    kind: "switch",
    byDefault: true,
    harmless: true,
    about:
      "Whether a mouse that moves over a terminal counts as activity, if the program there asks for mouse motion. Clicks and the wheel always count. Only install --wrap can tell motion from keys: without it, motion always counts.",
    comment: [
      'Whether a mouse that moves counts as activity. Only "install --wrap" can tell motion from keys:',
      "without it, motion always counts.",
    ],
  },
  trust_tty_times: {
    field: "trustTtyTimes",
    kind: "switch",
    byDefault: true,
    harmless: true,
    about:
      "Whether the access time of a terminal is enough evidence for a key. Its user owns the terminal, and can set that time without a key. If false, a key counts only if the client has also sent something that can be a key; see SECURITY CONSIDERATIONS in afkill(8).",
    comment: [
      'Users own their terminals and can set their times without a key ("touch -a"). false: a key counts',
      "only if the client has also sent something that can be one. Needs the pam hook.",
    ],
  },
  heartbeats: {
    field: "heartbeats",
    kind: "switch",
    byDefault: true,
    harmless: true,
    about:
      "Whether what a program sends through a forwarded port by itself counts as use of it: the heartbeat of an editor that was left open, the ping of a pool of database connections. If false, small amounts of one size at equal intervals do not count. A user who does exactly the same thing again and again at equal intervals looks the same. Needs the pam hook.",
    comment: [
      "Whether a heartbeat through a forwarded port counts as use of it: an editor that was left open, a pool",
      "of database connections. false: small amounts of one size at equal intervals do not count. Needs the",
      "pam hook.",
    ],
  },
  message: {
    field: "message",
    kind: "line",
    byDefault: "",
    harmless: "",
    about:
      "A line of your own that follows each notice: printable ASCII, at most 200 characters. Empty for none.",
    comment: [
      'A line of your own that follows each notice: printable ASCII, at most 200 characters. "" for none.',
    ],
  },
} as const satisfies Readonly<Record<string, AnyRow>>;

type Rows = typeof LIMITS;

export type LimitKey = keyof Rows;

export const LIMIT_KEYS = Object.keys(LIMITS) as readonly LimitKey[];

/** The fields that are durations. Only they can be endless. */
export const DURATIONS: readonly string[] = Object.values(LIMITS).flatMap(({ kind, field }) =>
  kind === "duration" ? field : [],
);

/** What a policy says for one login: a field for each row. */
export type Limits = { readonly [K in LimitKey as Rows[K]["field"]]: Kinds[Rows[K]["kind"]] };

/** Limits with a value for each key. The caller must return a value of the key's kind. */
export function limitsWith(value: (key: LimitKey) => Kinds[Kind]): Limits {
  return Object.fromEntries(LIMIT_KEYS.map((key) => [LIMITS[key].field, value(key)])) as Limits;
}
