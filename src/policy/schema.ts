// What a policy file may say. One run finds every problem of a file, and says what was expected and what was found.

import * as v from "valibot";
import { LOGIN_KINDS } from "../audit/words.ts";
import { parseDuration } from "../text/duration.ts";
import { reasonOf } from "../text/reason-of.ts";
import { type Kind, type Kinds, LIMIT_KEYS, LIMITS, type LimitKey } from "./limits.ts";
import { parseNetwork } from "./network.ts";
import { positive } from "./pattern.ts";
import { ascii } from "./problems.ts";
import { UID_RANGE } from "./uids.ts";

/** A notice is a few lines; more notices than this only disturb. */
const MOST_NOTICES = 10;
const MOST_MESSAGE = 200;

function show(value: unknown): string {
  if (typeof value === "string") return `"${ascii(value)}"`;
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  return isTable(value) ? "a table" : String(value);
}

/** A message for a value of the wrong kind. */
const wanted = (what: string) => (issue: { readonly input: unknown }) =>
  `expected ${what}, got ${show(issue.input)}`;

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A table with these keys and no others. Valibot's own strict object stops at the first unknown key. */
function table<const T extends v.ObjectEntries>(entries: T) {
  const unknownKeys = v.rawCheck<Record<string, unknown> & v.InferOutput<v.LooseObjectSchema<T, undefined>>>(
    ({ dataset, addIssue }) => {
      const input = dataset.value;
      if (!isTable(input)) return;
      for (const [key, value] of Object.entries(input)) {
        if (Object.hasOwn(entries, key)) continue;
        const message = `unknown key, expected one of ${Object.keys(entries).join(", ")}`;
        addIssue({ message, path: [{ type: "object", origin: "key", input, key, value }] });
      }
    },
  );
  const missingKey = (issue: { readonly expected: string | null }) =>
    `expected the key ${issue.expected}, got none`;
  return v.pipe(
    v.custom<Record<string, unknown>>(isTable, wanted("a table")),
    v.looseObject(entries, missingKey),
    unknownKeys,
  );
}

function list<T extends v.GenericSchema>(item: T, what: string) {
  return v.array(item, wanted(`a list of ${what}`));
}

const duration = v.pipe(
  v.string(wanted('a duration in quotes, such as "15m" or "off"')),
  v.rawTransform<string, number>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseDuration(dataset.value);
    } catch (error) {
      addIssue({ message: `${reasonOf(error)}, got ${show(dataset.value)}` });
      return NEVER;
    }
  }),
);

const noticeTime = v.pipe(duration, v.finite("expected a duration: a notice cannot be off; [] gives none"));

/** A name or a pattern, with `!` before an exception. A second `!` or a blank after it is a slip of the hand. */
const pattern = v.pipe(
  v.string(wanted("a name in quotes")),
  v.regex(
    /^!?[^!\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$/u,
    wanted("a name or a pattern without control characters, or blanks around it"),
  ),
);

const network = v.pipe(
  v.string(wanted("an address in quotes")),
  v.check(
    (text) => parseNetwork(positive(text)) !== undefined,
    wanted('an address or a network such as "10.0.0.0/8", "2001:db8::/32" or "!10.1.0.0/16"'),
  ),
);

const port = v.pipe(
  v.number(wanted("a number without quotes, such as 22")),
  v.integer(wanted("a whole number")),
  v.minValue(1, wanted("a port from 1 to 65535")),
  v.maxValue(65_535, wanted("a port from 1 to 65535")),
);

const SUCH_UIDS = 'user numbers in quotes, such as "1000-" or "0, 1000-1999"';

/** One text with commas, or a list. */
const uids = v.pipe(
  v.union(
    [
      v.pipe(v.string(), v.regex(new RegExp(`^${UID_RANGE}(?:, *${UID_RANGE})*$`))),
      v.array(v.pipe(v.string(), v.regex(new RegExp(`^${UID_RANGE}$`)))),
    ],
    wanted(SUCH_UIDS),
  ),
  v.transform((text) => (typeof text === "string" ? text.split(/, */) : text)),
);

const kind = v.picklist(LOGIN_KINDS, wanted('"shell", "sftp", "tunnel" or "command"'));

/** What a key of each kind may say in a file. */
const FORMS = {
  duration,
  notices: v.pipe(
    list(noticeTime, "durations"),
    v.maxLength(MOST_NOTICES, `expected at most ${MOST_NOTICES} notices`),
    v.transform((timesMs) => [...new Set(timesMs)].sort((a, b) => b - a)),
  ),
  sources: v.pipe(
    list(
      v.picklist(["input", "busy", "transfer", "output"], wanted('"input", "busy", "transfer" or "output"')),
      "sources",
    ),
    // Without "input" a user would be ended while typing, and nobody could answer a notice.
    v.includes("input", 'expected "input" to be one of them: a user who types is active'),
    v.transform((sources) => [...new Set(sources)]),
  ),
  switch: v.boolean(wanted("true or false")),
  ending: v.picklist(["end", "lock"], wanted('"end" or "lock"')),
  count: v.pipe(
    v.number(wanted("a whole number")),
    v.integer(wanted("a whole number")),
    v.minValue(1, wanted("at least 1")),
  ),
  line: v.pipe(
    v.string(wanted("a text in quotes")),
    v.regex(/^[ -~]*$/, wanted("one line of printable ASCII")),
    v.maxLength(
      MOST_MESSAGE,
      ({ input }) => `expected at most ${MOST_MESSAGE} characters, got ${input.length}`,
    ),
  ),
} as const satisfies { readonly [K in Kind]: v.GenericSchema<unknown, Kinds[K]> };

type FormOf<K extends LimitKey> = (typeof FORMS)[(typeof LIMITS)[K]["kind"]];

const limits = Object.fromEntries(LIMIT_KEYS.map((key) => [key, v.optional(FORMS[LIMITS[key].kind])])) as {
  readonly [K in LimitKey]: v.OptionalSchema<FormOf<K>, undefined>;
};

const match = table({
  users: v.optional(list(pattern, "user names")),
  groups: v.optional(list(pattern, "group names")),
  from: v.optional(list(network, "addresses and networks")),
  hosts: v.optional(list(pattern, "host names")),
  kinds: v.optional(list(kind, "kinds of login")),
  ports: v.optional(list(port, "port numbers")),
  uids: v.optional(uids),
});

const exempt = table({
  groups: v.optional(list(pattern, "group names")),
  users: v.optional(list(pattern, "user names")),
  max_login: v.optional(duration),
});

/** One file of a policy. Every key is optional but a rule's `match`: without `match` a rule would apply to everybody by mistake. */
export const schema = table({
  ...limits,
  exempt: v.optional(exempt),
  rule: v.optional(list(table({ match, ...limits }), "tables: [[rule]]")),
});

/** A checked file of a policy: durations in milliseconds, lists without duplicates, notices longest first. */
export type FileContent = v.InferOutput<typeof schema>;
