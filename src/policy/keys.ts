// What each key of a policy is for, in words: for afkill.toml(5), and for the JSON Schema that editors show.

/** A key of a policy in words. */
export interface Key {
  /** What kind of value it takes. */
  readonly takes: string;
  /** One to four sentences of plain text. */
  readonly about: string;
}

/** Every key by its path. A rule may have the keys of the top level too, apart from `exempt` and `rule`. */
export const KEYS = {
  idle_timeout: {
    takes: "duration",
    about:
      "A terminal on which nothing has happened for this long is closed, and the login with its last terminal.",
  },
  warn_before: {
    takes: "list of durations",
    about:
      "Notices on the terminal, this long before the end; at most ten. An empty list gives none. For a limit that is not longer, a notice is left out.",
  },
  activity: {
    takes: "list of sources",
    about: 'What counts as activity: "input", "busy", "transfer", "output". "input" cannot be left out.',
  },
  busy_max: {
    takes: "duration",
    about:
      "A login that only work keeps ends this long after the last key, with the notices before that. When it is not longer than the limit, work keeps nothing. Without a terminal, what the client moved last, or else the beginning of the login, stands for the key.",
  },
  no_terminal: {
    takes: "duration",
    about:
      "The limit of a login without a terminal (scp, sftp, ssh -N, one command): it ends when nothing has moved and nothing has worked for this long.",
  },
  max_login: {
    takes: "duration",
    about:
      "Ends even an active login this long after it began, with the same notices. Suspended time counts; the notices are given in full all the same.",
  },
  max_stay: {
    takes: "duration",
    about:
      'A user may keep an idle login with "afkill stay", at most this long at a time. "off" lets nobody.',
  },
  mouse_motion: {
    takes: "true or false",
    about:
      "Whether a mouse that moves over a terminal counts as activity, where the program there asks for its motion. Clicks and the wheel always do. Without install --wrap nobody can tell the two apart, and both count.",
  },
  trust_tty_times: {
    takes: "true or false",
    about:
      "Whether the access time of a terminal is evidence enough for a key. Its user owns the terminal, and can set that time without a key. When false, a key counts only if the client has also sent something that can be a key; see SECURITY CONSIDERATIONS in afkill(8).",
  },
  heartbeats: {
    takes: "true or false",
    about:
      "Whether what a program sends through a forwarded port by itself counts as use of it: the heartbeat of an editor that was left open, the ping of a pool of database connections. When false, small amounts that come in equal steps at equal distances do not count. Somebody who does the very same thing again and again by the clock looks like that too. Needs the pam hook.",
  },
  message: {
    takes: "text",
    about:
      "A line of your own that follows each notice: printable ASCII, at most 200 characters. Empty for none.",
  },
  exempt: {
    takes: "table",
    about: "Who is never warned and never ended, whatever the limits.",
  },
  "exempt.groups": {
    takes: "list of group names",
    about:
      "Groups whose members are exempt. They are looked up the way the system does it, LDAP and SSSD included.",
  },
  "exempt.users": {
    takes: "list of user names",
    about: "Users who are exempt.",
  },
  rule: {
    takes: "list of tables",
    about:
      "Other limits for some. The first rule that matches decides; keys that it leaves out are those of the top level.",
  },
  "rule.match": {
    takes: "table",
    about:
      "Whom the rule is for; every rule has one. Each of its lists that is not empty must have an entry that fits; an empty table fits everybody.",
  },
  "rule.match.users": {
    takes: "list of user names",
    about: "Fits a user of one of these names.",
  },
  "rule.match.groups": {
    takes: "list of group names",
    about: "Fits a user who is in one of these groups.",
  },
  "rule.match.from": {
    takes: "list of addresses and networks",
    about:
      'Fits a client with one of these addresses, IPv4 or IPv6, or in one of these networks, such as "10.0.0.0/8".',
  },
} as const satisfies Record<string, Key>;
