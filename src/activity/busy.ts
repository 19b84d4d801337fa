// Whether a job worked between two looks: it computed, or wanted a CPU, or it read, wrote or sent. A process that waits silently for
// something far away cannot be seen from outside.
import type { JobCounters, WorkCounters } from "./job.ts";
import type { Part } from "./part.ts";
import { isScanning, movedInFiles } from "./reading.ts";

/** The least share of a CPU that counts as work, over the judged time. A forgotten pager or `tail -f` stays well below. */
const LEAST_CPU_SHARE = 0.02;
/** The least share of a CPU that a job must have wanted, if it got less than the above because other jobs had the CPU. */
const LEAST_WANTED_SHARE = 0.1;
/**
 * A program that wakes up for each line that another program writes uses 5 to 10 µs each time. A program that computes keeps its CPU for
 * longer than this.
 */
const LEAST_MS_A_TURN = 0.5;
const LEAST_WRITTEN_BYTES_PER_S = 1000;
const LEAST_SOCKET_BYTES_PER_S = 1000;
const LEAST_READ_BYTES_PER_S = 1000;

/** The work that was seen. It has only the fields that crossed their threshold, at least one of them. */
export interface Work {
  /** The process that did most of it. The process chose this name itself: see `describeWork`. */
  readonly name: string;
  readonly cpuPercent?: number;
  /** The share of a CPU that it got or waited for. Present if it got too little to count. */
  readonly wantedPercent?: number;
  readonly writtenBytesPerS?: number;
  readonly socketBytesPerS?: number;
  readonly readBytesPerS?: number;
  /** It opens one file or directory after another. */
  readonly scans?: true;
  readonly waitsForStorage?: true;
}

/** Between which looks work is judged, and how. */
export interface Span {
  /** When the base look was taken, on the boot clock. */
  readonly sinceBootMs: number;
  /** The work is judged as if it were spread over this time. */
  readonly windowMs: number;
  /**
   * Bytes that the login's terminals have put out since then. They are not the work of a process that holds a socket besides. 0 if not
   * known.
   */
  readonly terminalBytes?: number;
}

/** What one process used between two looks. */
interface Growth {
  readonly name: string;
  readonly cpuMs: number;
  /** Time that it waited for a CPU because it was made to leave one. */
  readonly keptWaitingMs: number;
  /** `writtenBytes` if it holds a file, `sentBytes` if it holds only sockets. */
  readonly writtenBytes: number;
  readonly sentBytes: number;
  readonly socketBytes: number;
  readonly readBytes: number;
  readonly scans: number;
  readonly storageWaits: number;
}

/** What counts of a process, by its part in the job. */
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

/**
 * A new process of these parts counts whole. A child of a program that waits for keys counts once it has stayed: `watch` starts short ones
 * for ever.
 */
const isCountedWhole = ({ part }: WorkCounters) => part === "line" || part === "shell";

/**
 * The work that a job did since a base look; `undefined` if it did too little to count. A process that is not in the base counts whole if
 * it started since then and does not belong to a program that waits for keys. Nothing is known of the others yet: `withNewcomers` makes
 * them count from now on.
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

/** Returns the base with the processes added that were not in it and do not count whole. From the next look on, their work counts too. */
export function withNewcomers(base: JobCounters, now: JobCounters, sinceBootMs: number): JobCounters {
  const newcomers = Object.entries(now).filter(
    ([key, counters]) =>
      !(key in base) && (counters.startedBootMs < sinceBootMs || !isCountedWhole(counters)),
  );
  return { ...base, ...Object.fromEntries(newcomers) };
}

/**
 * The time of activity that work seen now stands for, in ms on the boot clock. If only work keeps a login, the login ends `busyMaxMs` after
 * its last key. Its limit `limitMs` is counted from the time returned here, so work counts until `busyMaxMs - limitMs` after the key. If
 * `busyMaxMs` is not longer than the limit, work keeps nothing.
 */
export function busyAtMs(nowMs: number, lastKeyMs: number, busyMaxMs: number, limitMs: number): number {
  // Without a limit nothing ends, so any time will do.
  if (!Number.isFinite(limitMs)) return nowMs;
  return Math.min(nowMs, lastKeyMs + Math.max(0, busyMaxMs - limitMs));
}

/**
 * The work in words, for people: `make: CPU 34 %`, `cp: CPU 5 %, writes 100 kB/s`. Always printable ASCII, whatever the process calls
 * itself.
 */
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
 * How often the threads of a process got a CPU, and how long they waited for one after they were made to leave it. A thread that leaves a
 * CPU to sleep, and then waits when it wakes up, wanted less. So the wait of a thread counts only by the share of its turns that it was
 * made to end.
 */
function turnsOf(
  before: WorkCounters["threads"] | undefined,
  after: WorkCounters["threads"] | undefined,
  isNew: boolean,
): { count: number; keptWaitingMs: number } {
  let count = 0;
  let keptWaitingMs = 0;
  // A thread that is not in the base is new, unless threads were not read then.
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

/** It waited for storage at both looks and ran in between. A process that hangs did not run. */
function hasWaitedForStorage(before: WorkCounters, after: WorkCounters): boolean {
  return (
    before.storageWait !== undefined &&
    after.storageWait !== undefined &&
    after.storageWait > before.storageWait
  );
}

/**
 * What the processes of the base that are gone had used before the base look, by the process that inherited it. A process that waits for a
 * child takes over all of the child's counters (wait4(2), the kernel's kernel/exit.c), also what the child used long before the base.
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

/** The key of the nearest ancestor of a process that is still there; `undefined` if there is none. */
function heirOf(
  gone: WorkCounters,
  base: JobCounters,
  now: JobCounters,
  keyOf: ReadonlyMap<number, string>,
): string | undefined {
  let key = keyOf.get(gone.parent);
  // The step count ends this loop even if a file claims that a process is its own ancestor.
  for (let step = 0; key !== undefined && !(key in now) && step < keyOf.size; step++)
    key = keyOf.get(base[key]?.parent ?? -1);
  return key !== undefined && key in now ? key : undefined;
}

/**
 * Bytes through the sockets of a process since the base. If several processes hold a socket, it counts for the first: that adds it to
 * `before`.
 */
function socketGrowth({ sockets }: WorkCounters, before: Map<string, number>): number {
  let sum = 0;
  for (const [inode, bytes] of Object.entries(sockets)) {
    const past = before.get(inode) ?? 0;
    // If a new socket got the inode number of an old one, its count starts again from 0.
    sum += bytes >= past ? bytes - past : bytes;
    before.set(inode, bytes);
  }
  return sum;
}
