// What one check remembers for the next check of the same login: a file in the login's state directory. All times are on the boot clock.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import * as v from "valibot";
import type { Evidence } from "../activity/evidence.ts";
import type { InputState } from "../activity/input.ts";
import { type JobCounters, PARTS } from "../activity/job.ts";
import type { ConnectionCounters } from "../activity/look.ts";
import type { OutputState } from "../activity/output.ts";
import type { UseState } from "../activity/use.ts";
import { LOGIN_KINDS, type LoginKind } from "../audit/words.ts";
import type { ProcessRef } from "../login/process.ts";
import { type Kind, type Kinds, LIMIT_KEYS, LIMITS, type LimitKey, type Limits } from "../policy/limits.ts";
import type { Applied } from "../policy/policy.ts";
import type { BootMs, ClockEvent, Clocks } from "../system/clock.ts";
import type { PendingNotice } from "./judge.ts";

/** The counters from which work is measured. They do not change while a notice stands, so the whole notice is judged. */
export interface Baseline {
  readonly bootMs: BootMs;
  readonly job: JobCounters;
  readonly connection?: ConnectionCounters | undefined;
  /** Payload for the client up to then: for a login whose only output is its terminals', what they had shown. */
  readonly outBytes?: number | undefined;
}

/** What is known of one subject: a terminal, by its id, or the whole login. */
export interface SubjectMemory {
  readonly lastActivity: Evidence;
  /** The last activity without the use of the connection; absent if use was never asked for. */
  readonly besideUse?: Evidence | undefined;
  readonly baseline: Baseline;
  readonly input?: InputState | undefined;
  /** When a login without a terminal was last used: no key can tell that. */
  readonly usedMs?: number | undefined;
  readonly output?: OutputState | undefined;
}

/** The groups of a login's user as the system last told them, and when to ask again after no answer. */
export interface KnownGroups {
  readonly names?: readonly string[] | undefined;
  /** How often in a row the system did not answer. */
  readonly failures: number;
  readonly askAtMs: number;
  readonly fault?: string | undefined;
}

export interface Memory {
  readonly version: 1;
  readonly history: readonly ClockEvent[];
  /** The clocks when the history was last updated. */
  readonly clocks?: Clocks | undefined;
  readonly child?: ProcessRef | undefined;
  readonly subjects: Readonly<Record<string, SubjectMemory>>;
  readonly standing: Readonly<Record<string, PendingNotice<BootMs>>>;
  /** What the login was for at the last look. */
  readonly kind?: LoginKind | undefined;
  /** What the last look could not read. */
  readonly faults?: Readonly<Record<string, string>> | undefined;
  /** The terminals that were locked, by their ids. */
  readonly locked?: readonly string[] | undefined;
  /** Those that should have locked at the last look and did not. */
  readonly notLocked?: readonly string[] | undefined;
  /** What the connection was used for. */
  readonly use?: UseState | undefined;
  /** What applied to this login under the last policy that could be read. */
  readonly lastGood?: Applied | undefined;
  readonly groups?: KnownGroups | undefined;
  /** The fault that was logged last, so that it is logged once. */
  readonly complaint?: string | undefined;
}

/** The memory of a login that nobody has looked at yet. */
export const BLANK: Memory = { version: 1, history: [], subjects: {}, standing: {} };

const fileIn = (directory: string) => `${directory}/memory.json`;
/** A login with a hundred thousand processes needs less. No check writes a larger file. */
const MOST_BYTES = 32 << 20;
/** One test instead of two takes half the time if hundreds are read. */
const finite = v.custom<number>(Number.isFinite);
/** JSON has no Infinity: "off" is written for it. */
const inJson = (value: unknown) => (value === Number.POSITIVE_INFINITY ? "off" : value);
const duration = v.union([
  finite,
  v.pipe(
    v.literal("off"),
    v.transform(() => Number.POSITIVE_INFINITY),
  ),
]);
const source = v.picklist(["input", "busy", "transfer", "output"]);
const connection = v.object({ receivedBytes: finite, sentBytes: finite });
const place = v.object({
  position: finite,
  readsOnly: v.boolean(),
  isDirectory: v.boolean(),
  isAtEnd: v.boolean(),
});
const counters = v.object({
  name: v.string(),
  parent: finite,
  startedBootMs: finite,
  cpuMs: finite,
  childrenCpuMs: finite,
  writtenBytes: finite,
  writesFile: v.boolean(),
  sockets: v.record(v.string(), finite),
  // Older memories do not have these.
  part: v.optional(v.picklist(PARTS), "line"),
  writesSocket: v.optional(v.boolean(), false),
  follows: v.optional(v.boolean(), false),
  places: v.optional(v.record(v.string(), place), {}),
  threads: v.optional(v.record(v.string(), v.tuple([finite, finite, finite]))),
  mappedBytes: v.optional(finite),
  storageWait: v.optional(finite),
});
const event = v.variant("kind", [
  v.object({ kind: v.literal("start"), bootS: finite, wallS: finite }),
  v.object({
    kind: v.literal("step"),
    beforeBootS: finite,
    beforeWallS: finite,
    afterBootS: finite,
    afterWallS: finite,
  }),
  v.object({ kind: v.literal("gap"), fromBootS: finite, toBootS: finite }),
]);
const evidence = v.object({
  source: v.union([source, v.picklist(["stay", "keep", "login", "unlock"])]),
  atMs: finite,
  detail: v.string(),
});
const moved = { bytes: finite, usedBeforeMs: finite };
const use = v.object({
  last: v.object({
    bootMs: finite,
    inBytes: finite,
    mostInBytes: finite,
    outBytes: finite,
    forwarded: v.record(v.string(), finite),
    forwardedIn: v.record(v.string(), finite),
    sinceClientMs: duration,
    sinceForwardedMs: duration,
    hasMonitor: v.optional(v.boolean()),
  }),
  usedAtMs: finite,
  detail: v.string(),
  source: v.picklist(["input", "transfer"]),
  bursts: v.array(v.object({ ...moved, atMs: finite, blurMs: finite, follows: v.boolean() })),
  isUnbroken: v.boolean(),
  lump: v.optional(v.object({ ...moved, fromMs: finite, toMs: finite })),
  askedBytes: v.optional(finite),
  closeSinceMs: v.optional(finite),
});
/** The schema for a value of each kind. */
const KEPT: { readonly [K in Kind]: v.GenericSchema<unknown, Kinds[K]> } = {
  duration,
  notices: v.array(finite),
  sources: v.array(source),
  switch: v.boolean(),
  ending: v.picklist(["end", "lock"]),
  count: finite,
  line: v.string(),
};
/** Every memory has these keys: a file without them was not written by a check. Keys that were added later may be missing. */
const IN_EVERY_MEMORY: readonly LimitKey[] = [
  "idle_timeout",
  "warn_before",
  "activity",
  "busy_max",
  "no_terminal",
  "max_login",
  "message",
];
const limits = v.object(
  Object.fromEntries(
    LIMIT_KEYS.map((key) => {
      const { field, kind, harmless } = LIMITS[key];
      const kept: v.GenericSchema<unknown, Kinds[Kind]> = KEPT[kind];
      return [field, IN_EVERY_MEMORY.includes(key) ? kept : v.optional(kept, inJson(harmless))];
    }),
  ),
) as unknown as v.GenericSchema<unknown, Limits>;
const answer = {
  rule: v.string(),
  exempt: v.boolean(),
  limits,
  exemptMaxLoginMs: v.optional(finite),
};
const kinds = v.object(
  Object.fromEntries(LOGIN_KINDS.map((kind) => [kind, v.object(answer)])),
) as unknown as v.GenericSchema<unknown, NonNullable<Applied["ofKind"]>>;
const schema = v.object({
  version: v.literal(1),
  history: v.array(event),
  clocks: v.optional(v.object({ bootMs: finite, wallMs: finite, suspendedMs: finite })),
  child: v.optional(v.object({ pid: finite, startTicks: finite })),
  subjects: v.record(
    v.string(),
    v.object({
      lastActivity: evidence,
      besideUse: v.optional(evidence),
      baseline: v.object({
        bootMs: finite,
        job: v.record(v.string(), counters),
        connection: v.optional(connection),
        outBytes: v.optional(finite),
      }),
      input: v.optional(
        v.object({
          accessedWallS: finite,
          unreadBytes: v.array(finite),
          atMs: finite,
          payloadBytes: v.optional(finite),
        }),
      ),
      usedMs: v.optional(finite),
      output: v.optional(v.object({ modifiedWallS: finite, atMs: finite })),
    }),
  ),
  standing: v.record(
    v.string(),
    v.object({
      sinceMs: finite,
      promisedMs: finite,
      givenMs: v.array(finite),
      isAnew: v.optional(v.boolean()),
      isAside: v.optional(v.boolean()),
    }),
  ),
  faults: v.optional(v.record(v.string(), v.string())),
  locked: v.optional(v.array(v.string())),
  notLocked: v.optional(v.array(v.string())),
  use: v.optional(use),
  kind: v.optional(v.picklist(LOGIN_KINDS)),
  lastGood: v.optional(v.object({ ...answer, ofKind: v.optional(kinds) })),
  groups: v.optional(
    v.object({
      names: v.optional(v.array(v.string())),
      failures: finite,
      askAtMs: finite,
      fault: v.optional(v.string()),
    }),
  ),
  complaint: v.optional(v.string()),
});

/** Reads the text of a memory. Throws if it has another form. */
export function parseMemory(text: string): Memory {
  return v.parse(schema, JSON.parse(text));
}

/** The text of a memory, for `parseMemory`. */
export function serialise(memory: Memory): string {
  return JSON.stringify(memory, (_, value) => inJson(value));
}

/**
 * The text of a memory, small enough for `readMemory`. For a login with too many processes the counters are left out, and work shows only
 * while a notice stands. Without this the memory could not be read, and each first look would count as activity, for ever.
 */
function readableText(memory: Memory): string {
  const text = serialise(memory);
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  const withoutJob = ([id, it]: [string, SubjectMemory]) => [
    id,
    { ...it, baseline: { ...it.baseline, job: {} } },
  ];
  return serialise({
    ...memory,
    subjects: Object.fromEntries(Object.entries(memory.subjects).map(withoutJob)),
  });
}

/** Reads the memory of a login. If it is missing, not ours, too large or of another form: blank, as if nobody had looked yet. */
export function readMemory(directory: string): Memory {
  const path = fileIn(directory);
  // Most logins have no memory yet, and an error takes longer than this question.
  if (!existsSync(path)) return BLANK;
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size, uid } = fstatSync(fd);
      if (uid !== process.geteuid?.() || size > MOST_BYTES) return BLANK;
      return parseMemory(readFileSync(fd, "utf8"));
    } finally {
      closeSync(fd);
    }
  } catch {
    return BLANK;
  }
}

/** Writes the memory whole or not at all. Returns whether it worked. If not, the next check starts blank, which ends nobody early. */
export function writeMemory(directory: string, memory: Memory): boolean {
  const temporary = `${fileIn(directory)}.${process.pid}`;
  try {
    writeFileSync(temporary, readableText(memory), { flag: "wx", mode: 0o600 });
    renameSync(temporary, fileIn(directory));
    return true;
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // The file was never made.
    }
    return false;
  }
}
