// Whether work went on between two looks: what a job computed, or wanted to, what it read, wrote and sent. What waits silently for something far away cannot be seen from outside.
import type { JobCounters, Part, WorkCounters } from "./job.ts";
import { isScanning, movedInFiles } from "./reading.ts";

/** The least that counts as work, over the time that is judged. A forgotten pager or `tail -f` stays well below. */
const LEAST_CPU_SHARE = 0.02;
/** The least that a job must have wanted of a CPU where it got less than the above, because others had it. */
const LEAST_WANTED_SHARE = 0.1;
/** A program that wakes up for each line that another writes uses 5 to 10 µs each time; one that computes keeps its CPU for longer than this. */
const LEAST_MS_A_TURN = 0.5;
const LEAST_WRITTEN_BYTES_PER_S = 1000;
const LEAST_SOCKET_BYTES_PER_S = 1000;
const LEAST_READ_BYTES_PER_S = 1000;

/** The work that was seen. Only what crossed its threshold is there, at least one of them. */
export interface Work {
  /** The process that did most of it: its own word, see `describeWork`. */
  readonly name: string;
  readonly cpuPercent?: number;
  /** Of a CPU, got or waited for, where it got too little to count. */
  readonly wantedPercent?: number;
  readonly writtenBytesPerS?: number;
  readonly socketBytesPerS?: number;
  readonly readBytesPerS?: number;
  /** It goes through one file or directory after the other. */
  readonly scans?: true;
  readonly waitsForStorage?: true;
}

/** Between which looks work is judged, and how. */
export interface Span {
  /** When the base was looked at, on the boot clock. */
  readonly sinceBootMs: number;
  /** The work is judged as if spread over this. */
  readonly windowMs: number;
  /** What the terminals of the login have put out since: no work of one that holds a socket beside them. 0 where it is not known. */
  readonly terminalBytes?: number;
}

/** What one process used between two looks. */
interface Growth {
  readonly name: string;
  readonly cpuMs: number;
  /** Waited for a CPU, while it wanted to go on. */
  readonly keptWaitingMs: number;
  /** To what it holds: files, or sockets alone. */
  readonly writtenBytes: number;
  readonly sentBytes: number;
  readonly socketBytes: number;
  readonly readBytes: number;
  readonly scans: number;
  readonly storageWaits: number;
}

/** What of a process counts, by its part in the job. */
const COUNTS: Readonly<
  Record<Part, { readonly cpu: boolean; readonly all: boolean; readonly files: boolean }>
> = {
  line: { cpu: true, all: true, files: true },
  shell: { cpu: true, all: true, files: false },
  helper: { cpu: true, all: true, files: true },
  screen: { cpu: false, all: false, files: true },
  outer: { cpu: false, all: false, files: true },
  idle: { cpu: false, all: false, files: false },
};

/** Of these a new one counts whole. What a program that waits for keys starts counts once it has stayed: `watch` starts short ones for ever. */
const isCountedWhole = ({ part }: WorkCounters) => part === "line" || part === "shell";

/**
 * The work that a job did since a base look; `undefined` when it did less than counts. A process that is not in the base counts whole
 * if it started since then and is no part of a program that waits for keys; of others nothing is known yet: `withNewcomers` makes them
 * count from now on.
 */
export function workSince(base: JobCounters, now: JobCounters, span: Span): Work | undefined {
  const { windowMs, terminalBytes = 0 } = span;
  if (windowMs <= 0) return undefined;
  const growths = growthsSince(base, now, span.sinceBootMs);
  const total = (key: Exclude<keyof Growth, "name">) => growths.reduce((sum, growth) => sum + growth[key], 0);
  const perS = (bytes: number) => (bytes / windowMs) * 1000;
  const cpuShare = total("cpuMs") / windowMs;
  const wantedShare = cpuShare + total("keptWaitingMs") / windowMs;
  const writtenBytesPerS = perS(total("writtenBytes") + Math.max(0, total("sentBytes") - terminalBytes));
  const socketBytesPerS = perS(total("socketBytes"));
  const readBytesPerS = perS(total("readBytes"));
  const did: Partial<Record<Exclude<keyof Growth, "name">, Omit<Work, "name">>> = {
    ...(cpuShare >= LEAST_CPU_SHARE && { cpuMs: { cpuPercent: cpuShare * 100 } }),
    ...(cpuShare < LEAST_CPU_SHARE &&
      wantedShare >= LEAST_WANTED_SHARE && { keptWaitingMs: { wantedPercent: wantedShare * 100 } }),
    ...(writtenBytesPerS >= LEAST_WRITTEN_BYTES_PER_S && {
      [total("writtenBytes") > 0 ? "writtenBytes" : "sentBytes"]: { writtenBytesPerS },
    }),
    ...(socketBytesPerS >= LEAST_SOCKET_BYTES_PER_S && { socketBytes: { socketBytesPerS } }),
    ...(readBytesPerS >= LEAST_READ_BYTES_PER_S && { readBytes: { readBytesPerS } }),
    ...(total("scans") > 0 && { scans: { scans: true as const } }),
    ...(total("storageWaits") > 0 && { storageWaits: { waitsForStorage: true as const } }),
  };
  const [most] = Object.keys(did) as Exclude<keyof Growth, "name">[];
  if (most === undefined) return undefined;
  return {
    name: growths.reduce((a, b) => (b[most] > a[most] ? b : a)).name,
    ...Object.assign({}, ...Object.values(did)),
  };
}

/** The base, and with it what was not in it and does not count whole: from the next look on its work counts too. */
export function withNewcomers(base: JobCounters, now: JobCounters, sinceBootMs: number): JobCounters {
  const newcomers = Object.entries(now).filter(
    ([key, counters]) =>
      !(key in base) && (counters.startedBootMs < sinceBootMs || !isCountedWhole(counters)),
  );
  return { ...base, ...Object.fromEntries(newcomers) };
}

/**
 * When work that is seen now counts as activity. Where nothing but work keeps it, a login ends `busyMaxMs` after its last key and no
 * later: its limit `limitMs` is counted from here, so work counts until that much before. A `busyMaxMs` that is no longer than the limit
 * lets work keep nothing.
 */
export function busyAtMs(nowMs: number, lastKeyMs: number, busyMaxMs: number, limitMs: number): number {
  // With neither of them anything is activity, and nothing ends.
  if (!Number.isFinite(limitMs)) return nowMs;
  return Math.min(nowMs, lastKeyMs + Math.max(0, busyMaxMs - limitMs));
}

/** In words, for people: `make: CPU 34 %`, `cp: CPU 5 %, writes 100 kB/s`. Printable ASCII, whatever the process calls itself. */
export function describeWork(work: Work): string {
  const name = work.name.replace(/[^!-~]/g, "?").slice(0, 15);
  const percent = (share: number) => `${share.toFixed(share < 1 ? 1 : 0)} %`;
  const parts = [
    work.cpuPercent !== undefined && `CPU ${percent(work.cpuPercent)}`,
    work.wantedPercent !== undefined && `wants ${percent(work.wantedPercent)} of a CPU`,
    work.writtenBytesPerS !== undefined && `writes ${rate(work.writtenBytesPerS)}`,
    work.socketBytesPerS !== undefined && `network ${rate(work.socketBytesPerS)}`,
    work.readBytesPerS !== undefined && `reads ${rate(work.readBytesPerS)}`,
    work.scans && "scans files",
    work.waitsForStorage && "waits for storage",
  ];
  return `${name}: ${parts.filter((part) => typeof part === "string").join(", ")}`;
}

function rate(bytesPerS: number): string {
  const kilobytesPerS = Math.round(bytesPerS / 1000);
  return kilobytesPerS < 1000 ? `${kilobytesPerS} kB/s` : `${Math.round(kilobytesPerS / 1000)} MB/s`;
}

function growthsSince(base: JobCounters, now: JobCounters, sinceBootMs: number): Growth[] {
  const inherited = inheritedFrom(base, now);
  const socketsBefore = new Map(Object.values(base).flatMap(({ sockets }) => Object.entries(sockets)));
  const filesCounted = new Map<string, number>();
  return Object.entries(now).flatMap(([key, after]) => {
    const isNew = !(key in base) && after.startedBootMs >= sinceBootMs && isCountedWhole(after);
    const before = isNew ? undefined : base[key];
    if (!isNew && !before) return [];
    const past = inherited.get(key);
    const counts = COUNTS[after.part];
    const moved = counts.files ? movedInFiles(before, after, filesCounted) : undefined;
    const grew = (field: "cpuMs" | "childrenCpuMs" | "writtenBytes") =>
      Math.max(0, after[field] - (before?.[field] ?? 0));
    const without = (amount: number, share: number | undefined) => Math.max(0, amount - (share ?? 0));
    const written = counts.all ? without(grew("writtenBytes"), past?.writtenBytes) : 0;
    const holds = (field: "writesFile" | "writesSocket") => after[field] || before?.[field] === true;
    const turns = turnsOf(before?.threads, after.threads, isNew);
    const onlyWakesUp = after.follows && grew("cpuMs") < turns.count * LEAST_MS_A_TURN;
    const computed = counts.cpu && !onlyWakesUp;
    return [
      {
        name: after.name,
        cpuMs: computed ? grew("cpuMs") + without(grew("childrenCpuMs"), past?.cpuMs) : 0,
        keptWaitingMs: computed ? turns.keptWaitingMs : 0,
        writtenBytes: (holds("writesFile") ? written : 0) + (moved?.writtenBytes ?? 0),
        sentBytes: holds("writesSocket") && !holds("writesFile") ? written : 0,
        socketBytes: counts.all ? socketGrowth(after, socketsBefore) : 0,
        readBytes: moved?.readBytes ?? 0,
        scans: counts.files && before && isScanning(before, after) ? 1 : 0,
        storageWaits: counts.files && before && hasWaitedForStorage(before, after) ? 1 : 0,
      },
    ];
  });
}

/**
 * How often the threads of a process came to a CPU, and how long those waited for one that were made to leave it. Who gives a CPU up to
 * sleep, and then waits when it wakes up, wanted less: of a thread's waits so much counts as it was made to leave.
 */
function turnsOf(
  before: WorkCounters["threads"] | undefined,
  after: WorkCounters["threads"] | undefined,
  isNew: boolean,
): { count: number; keptWaitingMs: number } {
  let count = 0;
  let keptWaitingMs = 0;
  // A thread that is not in the base is new, unless threads were not asked then.
  if (before || isNew)
    for (const [thread, [waited, yielded, preempted]] of Object.entries(after ?? {})) {
      const [waitedThen, yieldedThen, preemptedThen] = before?.[thread] ?? [0, 0, 0];
      const forced = Math.max(0, preempted - preemptedThen);
      const turns = forced + Math.max(0, yielded - yieldedThen);
      count += turns;
      if (turns > 0) keptWaitingMs += Math.max(0, waited - waitedThen) * (forced / turns);
    }
  return { count, keptWaitingMs };
}

/** It waited for storage at both looks and ran in between: one that hangs did not. */
function hasWaitedForStorage(before: WorkCounters, after: WorkCounters): boolean {
  return (
    before.storageWait !== undefined &&
    after.storageWait !== undefined &&
    after.storageWait > before.storageWait
  );
}

/**
 * What the processes of the base that are gone had used before it, by the process that inherited it: who waits for a child takes over
 * its counters whole (wait4(2), the kernel's kernel/exit.c), also what the child used long before the base.
 */
function inheritedFrom(
  base: JobCounters,
  now: JobCounters,
): Map<string, { cpuMs: number; writtenBytes: number }> {
  const keyOf = new Map(Object.keys(base).map((key) => [Number(key.split("-")[0]), key]));
  const inherited = new Map<string, { cpuMs: number; writtenBytes: number }>();
  for (const [key, gone] of Object.entries(base)) {
    if (key in now) continue;
    const heir = heirOf(gone, base, now, keyOf);
    if (heir === undefined) continue;
    const sum = inherited.get(heir) ?? { cpuMs: 0, writtenBytes: 0 };
    inherited.set(heir, {
      cpuMs: sum.cpuMs + gone.cpuMs + gone.childrenCpuMs,
      writtenBytes: sum.writtenBytes + gone.writtenBytes,
    });
  }
  return inherited;
}

/** The nearest ancestor of a process that is still there. */
function heirOf(
  gone: WorkCounters,
  base: JobCounters,
  now: JobCounters,
  keyOf: ReadonlyMap<number, string>,
): string | undefined {
  let key = keyOf.get(gone.parent);
  // Ends: no process is its own ancestor; the count bounds it even where a file says otherwise.
  for (let step = 0; key !== undefined && !(key in now) && step < keyOf.size; step++)
    key = keyOf.get(base[key]?.parent ?? -1);
  return key !== undefined && key in now ? key : undefined;
}

/** Bytes through the sockets of a process since the base. A socket counts once, for the first that holds it: it is then in `before`. */
function socketGrowth({ sockets }: WorkCounters, before: Map<string, number>): number {
  let sum = 0;
  for (const [inode, bytes] of Object.entries(sockets)) {
    const past = before.get(inode) ?? 0;
    // An inode number that was given to a new socket starts again from 0.
    sum += bytes >= past ? bytes - past : bytes;
    before.set(inode, bytes);
  }
  return sum;
}
