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
      "Whom the rule is for; every rule has one. Each of its lists that is not empty must have an entry that matches; an empty table matches everybody.",
  },
  "rule.match.users": {
    takes: "list of user names",
    about: "Matches a user with one of these names.",
  },
  "rule.match.groups": {
    takes: "list of group names",
    about: "Matches a user who is in one of these groups.",
  },
  "rule.match.from": {
    takes: "list of addresses and networks",
    about:
      'Matches a client with one of these addresses, IPv4 or IPv6, or in one of these networks, such as "10.0.0.0/8".',
  },
} as const satisfies Record<string, Key>;
