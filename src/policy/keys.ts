// What each key of a policy is for, in words: for afkill.toml(5), and for the JSON Schema that editors show. For the limits, these words
// are in the rows of limits.ts.
import { type Kind, LIMIT_KEYS, LIMITS, type LimitKey } from "./limits.ts";

/** What the manual says about a key of a policy. */
export interface Key {
  /** What kind of value it takes. */
  readonly takes: string;
  /** One to four sentences of plain text. */
  readonly about: string;
}

const TAKES: Readonly<Record<Kind, string>> = {
  duration: "duration",
  notices: "list of durations",
  sources: "list of sources",
  switch: "true or false",
  ending: "end or lock",
  count: "number",
  line: "text",
};

const limits = Object.fromEntries(
  LIMIT_KEYS.map((key) => [key, { takes: TAKES[LIMITS[key].kind], about: LIMITS[key].about }]),
) as Readonly<Record<LimitKey, Key>>;

/** Every key by its path. A rule may have the keys of the top level too, apart from `exempt` and `rule`. */
export const KEYS = {
  ...limits,
  exempt: {
    takes: "table",
    about:
      "Who is never warned and never ended, whatever the limits. Names may be patterns; the users decide before the groups.",
  },
  "exempt.groups": {
    takes: "list of group names",
    about:
      'Groups whose members are exempt: names or patterns such as "ops_*", or "!admins" for an exception. They are looked up the way the system does it, LDAP and SSSD included.',
  },
  "exempt.users": {
    takes: "list of user names",
    about:
      'Users who are exempt: names or patterns such as "svc_*". A user whom an exception such as "!svc_web" fits is not exempt, whatever their groups.',
  },
  "exempt.max_login": {
    takes: "duration",
    about:
      'Ends even an exempt login this long after it began, with the notices of the limits that would apply to it. "off", or without the key: never.',
  },
  rule: {
    takes: "list of tables",
    about:
      "Other limits for some. The first rule that matches decides; keys that it leaves out are those of the top level. The rules of the drop-ins are tried before those of the main file.",
  },
  "rule.match": {
    takes: "table",
    about:
      'Whom the rule is for; every rule has one. All its keys must fit; an empty table matches everybody. In the patterns of users, groups and hosts "*" is any text and "?" one character, and "!" before a pattern or a network makes it an exception: a list fits if no exception in it fits, and one of its other entries does.',
  },
  "rule.match.users": {
    takes: "list of user names",
    about: 'Matches a user with one of these names, such as "root", "svc_*" or "!svc_web".',
  },
  "rule.match.groups": {
    takes: "list of group names",
    about: 'Matches a user who is in one of these groups, and in none of the exceptions, such as "!admins".',
  },
  "rule.match.from": {
    takes: "list of addresses and networks",
    about:
      'Matches a client with one of these addresses, IPv4 or IPv6, or in one of these networks, such as "10.0.0.0/8" or "!10.1.0.0/16".',
  },
  "rule.match.hosts": {
    takes: "list of host names",
    about:
      'Matches on a host with one of these names, such as "db*" or "!db9.example.org": its name as hostname(1) gives it, or the part before its first dot, in upper or lower case. The DNS is not asked.',
  },
  "rule.match.kinds": {
    takes: "list of kinds",
    about:
      'Matches what the login is for now: "shell" (it has a terminal), "sftp" (it copies files), "tunnel" (nothing runs in it), "command". A user chooses this, and it can change while the login lives.',
  },
  "rule.match.ports": {
    takes: "list of numbers",
    about: "Matches a client that connected to one of these ports of sshd.",
  },
  "rule.match.uids": {
    takes: "text or list of texts",
    about: 'Matches a user with one of these numbers: "0", "1000-1999", "0, 1000-", or a list of these.',
  },
} as const satisfies Record<string, Key>;
