// Whether work went on between two looks. CPU, files and sockets only: what waits silently for something far away cannot be seen from outside.
import type { JobCounters, WorkCounters } from "./job.ts";

/** The least that counts as work, over the time that is judged. A forgotten pager or `tail -f` stays well below. */
const LEAST_CPU_SHARE = 0.02;
/** On a crowded host too, less than this is a program that only wakes up. */
const LEAST_CPU_SHARE_EVER = 0.001;
const LEAST_WRITTEN_BYTES_PER_S = 1000;
const LEAST_SOCKET_BYTES_PER_S = 1000;

/** The work that was seen. Only what crossed its threshold is there, at least one of the three. */
export interface Work {
  /** The process that did most of it: its own word, see `describeWork`. */
  readonly name: string;
  readonly cpuPercent?: number;
  readonly writtenBytesPerS?: number;
  readonly socketBytesPerS?: number;
}

/** What one process used between two looks. */
interface Growth {
  readonly name: string;
  readonly cpuMs: number;
  readonly writtenBytes: number;
  readonly socketBytes: number;
}

/**
 * The work that a job did since a base look at `sinceBootMs` (boot clock), judged as if spread over `windowMs`; `undefined` when it
 * did less than counts. A process that is not in the base counts whole if it started since then; if it is older (it came into the
 * foreground) nothing is known of it yet: `withNewcomers` makes it count from now on. `fairShare`: of a CPU, what the host has for
 * each that wants one; a job that got little because there was little worked all the same.
 */
export function workSince(
  base: JobCounters,
  now: JobCounters,
  sinceBootMs: number,
  windowMs: number,
  fairShare = 1,
): Work | undefined {
  const growths = growthsSince(base, now, sinceBootMs);
  const seconds = windowMs / 1000;
  const total = (key: "cpuMs" | "writtenBytes" | "socketBytes") =>
    growths.reduce((sum, growth) => sum + growth[key], 0);
  const cpuShare = total("cpuMs") / windowMs;
  const writtenBytesPerS = total("writtenBytes") / seconds;
  const socketBytesPerS = total("socketBytes") / seconds;
  const didCompute = cpuShare >= Math.max(LEAST_CPU_SHARE * fairShare, LEAST_CPU_SHARE_EVER);
  const didWrite = writtenBytesPerS >= LEAST_WRITTEN_BYTES_PER_S;
  const didMove = socketBytesPerS >= LEAST_SOCKET_BYTES_PER_S;
  const most = didCompute ? "cpuMs" : didWrite ? "writtenBytes" : didMove ? "socketBytes" : undefined;
  if (most === undefined || windowMs <= 0) return undefined;
  return {
    name: growths.reduce((a, b) => (b[most] > a[most] ? b : a)).name,
    ...(didCompute && { cpuPercent: cpuShare * 100 }),
    ...(didWrite && { writtenBytesPerS }),
    ...(didMove && { socketBytesPerS }),
  };
}

/** The base, and with it what is older than the base but was not in it: from the next look on its work counts too. */
export function withNewcomers(base: JobCounters, now: JobCounters, sinceBootMs: number): JobCounters {
  const newcomers = Object.entries(now).filter(
    ([key, counters]) => !(key in base) && counters.startedBootMs < sinceBootMs,
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
  const rate = (bytesPerS: number) => `${Math.round(bytesPerS / 1000)} kB/s`;
  const parts = [
    work.cpuPercent !== undefined && `CPU ${work.cpuPercent.toFixed(work.cpuPercent < 1 ? 1 : 0)} %`,
    work.writtenBytesPerS !== undefined && `writes ${rate(work.writtenBytesPerS)}`,
    work.socketBytesPerS !== undefined && `network ${rate(work.socketBytesPerS)}`,
  ];
  return `${name}: ${parts.filter((part) => part !== false).join(", ")}`;
}

function growthsSince(base: JobCounters, now: JobCounters, sinceBootMs: number): Growth[] {
  const inherited = inheritedFrom(base, now);
  const socketsBefore = new Map(Object.values(base).flatMap(({ sockets }) => Object.entries(sockets)));
  return Object.entries(now).flatMap(([key, after]) => {
    const isNew = !(key in base) && after.startedBootMs >= sinceBootMs;
    const before = isNew ? undefined : base[key];
    if (!isNew && !before) return [];
    const past = inherited.get(key);
    const grew = (field: "cpuMs" | "childrenCpuMs" | "writtenBytes") =>
      Math.max(0, after[field] - (before?.[field] ?? 0));
    const without = (amount: number, share: number | undefined) => Math.max(0, amount - (share ?? 0));
    const writes = after.writesFile || before?.writesFile === true;
    return [
      {
        name: after.name,
        cpuMs: grew("cpuMs") + without(grew("childrenCpuMs"), past?.cpuMs),
        writtenBytes: writes ? without(grew("writtenBytes"), past?.writtenBytes) : 0,
        socketBytes: socketGrowth(after, socketsBefore),
      },
    ];
  });
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
