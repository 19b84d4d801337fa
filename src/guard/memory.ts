// What one check remembers for the next check of the same login: a file in the login's state directory. All times are on the boot clock.
import { existsSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import type { Evidence } from "../activity/evidence.ts";
import type { InputState } from "../activity/input.ts";
import type { JobCounters } from "../activity/job.ts";
import type { ConnectionCounters } from "../activity/look.ts";
import type { OutputState } from "../activity/output.ts";
import type { UseState } from "../activity/use.ts";
import type { LoginKind } from "../audit/words.ts";
import type { ProcessRef } from "../login/process.ts";
import { DURATIONS } from "../policy/limits.ts";
import type { Applied } from "../policy/policy.ts";
import { BUNDLE } from "../system/bundle.ts";
import type { BootMs, ClockEvent, Clocks } from "../system/clock.ts";
import { readOwn } from "../system/read-own.ts";
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
/** JSON has no Infinity: "off" is written for it. */
export const inJson = (value: unknown) => (value === Number.POSITIVE_INFINITY ? "off" : value);

/** The numbers of a memory that may be endless. */
const ENDLESS = new Set([...DURATIONS, "sinceClientMs", "sinceForwardedMs"]);

/**
 * The text of a memory, for `parseMemory`. It says which program wrote it: the same one need not ask whether it has the form of a memory.
 * Not if a number is none that a memory may have.
 */
export function serialise(memory: Memory): string {
  let isSound = BUNDLE !== undefined;
  const text = JSON.stringify(memory, (key, value) => {
    if (typeof value === "number" && !Number.isFinite(value))
      isSound &&= ENDLESS.has(key) && value === Number.POSITIVE_INFINITY;
    return inJson(value);
  });
  return isSound ? `{"writtenBy":"${BUNDLE}",${text.slice(1)}` : text;
}

/** The memory in the text of a file. Throws if it has another form. */
async function memoryFrom(text: string): Promise<Memory> {
  const { writtenBy, ...value } = JSON.parse(text);
  if (writtenBy === undefined || writtenBy !== BUNDLE) {
    const { memoryIn } = await import("./memory-form.ts");
    return memoryIn(value);
  }
  const ofKinds: Record<string, Applied> = value.lastGood?.ofKind ?? {};
  const limits = Object.values(ofKinds).map((it): Record<string, unknown> => ({ ...it }).limits);
  for (const place of [value.lastGood?.limits, ...limits, value.use?.last])
    for (const key in place)
      if (ENDLESS.has(key) && place[key] === "off") place[key] = Number.POSITIVE_INFINITY;
  return value;
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
export async function readMemory(directory: string): Promise<Memory> {
  const path = fileIn(directory);
  // Most logins have no memory yet, and an error takes longer than this question.
  if (!existsSync(path)) return BLANK;
  try {
    const text = readOwn(path, MOST_BYTES);
    return text === undefined ? BLANK : await memoryFrom(text);
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
