// The form of a memory, for memories that another program has written: to make a schema takes as long as the whole look.
import * as v from "valibot";
import { PARTS } from "../activity/part.ts";
import { LOGIN_KINDS } from "../audit/words.ts";
import { type Kind, type Kinds, LIMIT_KEYS, LIMITS, type LimitKey, type Limits } from "../policy/limits.ts";
import type { Applied } from "../policy/policy.ts";
import { inJson, type Memory } from "./memory.ts";

/** One test instead of two takes half the time if hundreds are read. */
const finite = v.custom<number>(Number.isFinite);
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
  return memoryIn(JSON.parse(text));
}

/** A memory from what JSON holds. Throws if that has another form. */
export function memoryIn(value: unknown): Memory {
  return v.parse(schema, value);
}
