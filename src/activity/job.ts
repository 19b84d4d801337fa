// What the processes of a job have used so far, and their positions in their files, as plain data.
import { type IsOver, UNLIMITED } from "../login/budget.ts";
import { type ProcessStat, startedBootMs } from "../login/process.ts";
import type { Connection } from "./connections.ts";
import { type FilePlace, type HeldFiles, holdingsOf } from "./held.ts";
import type { Part } from "./part.ts";
import { writtenBytesOf } from "./payload.ts";
import { isCrowded, mappedBytesOf, storageWaitOf, type ThreadWaits, threadWaitsOf } from "./waits.ts";

/** What one process had used when it was looked at. */
export interface WorkCounters {
  /** The process chose it itself: print it with care. */
  readonly name: string;
  readonly parent: number;
  readonly startedBootMs: number;
  readonly part: Part;
  readonly cpuMs: number;
  /** CPU of its children that ended and were waited for. */
  readonly childrenCpuMs: number;
  /** Bytes it wrote to anything, with those of the children it waited for (`wchar`, proc_pid_io(5)); 0 if we may not ask. */
  readonly writtenBytes: number;
  /** It holds a regular file or a block device open for writing. Only then are its written bytes work, and not a screen that it draws. */
  readonly writesFile: boolean;
  /** It holds a unix or UDP socket, and its output is no pipe. Then bytes that it wrote and no terminal showed are work. */
  readonly writesSocket: boolean;
  /** It, or another process of its group, watches files: as in `tail -f | grep` it may only wake up for what others write. */
  readonly follows: boolean;
  /** Bytes through each of its own TCP sockets, both ways, by inode. */
  readonly sockets: Readonly<Record<string, number>>;
  /** Its positions in its files, keyed `descriptor:device:inode`. Empty if it watches files. */
  readonly places: Readonly<Record<string, FilePlace>>;
  /** By thread id. Absent if threads were not read. */
  readonly threads?: Readonly<Record<string, ThreadWaits>> | undefined;
  /** Bytes of its mapped files that it has touched so far. Read only for programs that draw on a terminal. */
  readonly mappedBytes?: number | undefined;
  /** How often it had left a CPU; present if it waited for storage at the look. */
  readonly storageWait?: number | undefined;
}

/** Counters by process, keyed `pid-startTicks`. */
export type JobCounters = Readonly<Record<string, WorkCounters>>;

/** One process of a job, and its place. `raw` becomes `screen` or `helper`, depending on where its output goes. */
export interface Member {
  readonly stat: ProcessStat;
  readonly place: "line" | "shell" | "raw" | "outer" | "idle";
}

/** On a host that is not crowded, waits for a CPU are read only in a job this small: such a job can be one of many that began at once. */
const SMALL_JOB = 8;
/** Threads and waits for storage are read for so many processes. */
const MOST_ASKED = 128;

/** What the processes of jobs hold open, by pid. Only sockets whose bytes count are kept, so the kernel is not asked for nothing. */
export function holdingsOfJob(members: readonly Member[], isOver?: IsOver): Map<number, HeldFiles> {
  // For a waiting shell only the CPU counts: the files of its jobs are read with the jobs.
  const asked = members.filter(({ place }) => place !== "shell" && place !== "idle");
  const held = holdingsOf(
    asked.map(({ stat }) => stat.pid),
    isOver,
  );
  for (const member of asked) {
    const holdings = held.get(member.stat.pid);
    if (!holdings) continue;
    const part = partOf(member, holdings);
    const isCounted = part === "line" || (part === "helper" && !holdings.relays);
    if (!isCounted) held.set(member.stat.pid, { ...holdings, sockets: [] });
  }
  return held;
}

/** The counters of a job. Counters that were not read when the time was up are empty or 0. */
export function jobCounters(
  members: readonly Member[],
  held: ReadonlyMap<number, HeldFiles>,
  connections: ReadonlyMap<string, Pick<Connection, "receivedBytes" | "sentBytes">>,
  isOver: IsOver = UNLIMITED,
): JobCounters {
  const following = new Set(
    members.filter(({ stat }) => held.get(stat.pid)?.follows).map(({ stat }) => stat.processGroup),
  );
  const areThreadsAsked = members.length <= SMALL_JOB || isCrowded();
  let asked = 0;
  const entries = members.map((member) => {
    const { stat } = member;
    const holdings = held.get(stat.pid);
    const part = partOf(member, holdings);
    const follows = following.has(stat.processGroup);
    const computes = part === "line" || part === "shell" || part === "helper";
    const reads = part !== "shell" && part !== "idle" && !holdings?.follows;
    const places = reads ? (holdings?.places ?? {}) : {};
    const isAsked = holdings !== undefined && !isOver() && asked++ < MOST_ASKED;
    const waits = reads && (part === "line" || Object.keys(places).length > 0);
    const counters: WorkCounters = {
      name: stat.name,
      parent: stat.parent,
      startedBootMs: startedBootMs(stat),
      part,
      cpuMs: stat.cpuMs,
      childrenCpuMs: stat.childrenCpuMs,
      writtenBytes: (computes || part === "screen") && holdings ? (writtenBytesOf(stat.pid) ?? 0) : 0,
      writesFile: holdings?.writesFile === true,
      writesSocket: holdings?.writesSocket === true && !holdings.relays,
      follows,
      sockets: bytesOf(holdings?.sockets ?? [], connections),
      places,
      ...(computes && isAsked && (areThreadsAsked || follows) && { threads: threadWaitsOf(stat) }),
      ...(isAsked && part === "screen" && { mappedBytes: mappedBytesOf(stat.pid) }),
      ...(waits && isAsked && { storageWait: storageWaitOf(stat) }),
    };
    return [`${stat.pid}-${stat.startTicks}`, counters] as const;
  });
  return Object.fromEntries(entries);
}

function partOf({ place }: Member, holdings: HeldFiles | undefined): Part {
  if (place === "line" || place === "shell" || place === "idle") return place;
  // If the output of a process is not known, it may draw.
  if (holdings && !holdings.onTerminal) return "helper";
  return place === "raw" ? "screen" : "outer";
}

function bytesOf(
  inodes: readonly string[],
  connections: ReadonlyMap<string, Pick<Connection, "receivedBytes" | "sentBytes">>,
): Record<string, number> {
  return Object.fromEntries(
    inodes.flatMap((inode) => {
      const connection = connections.get(inode);
      return connection ? [[inode, connection.receivedBytes + connection.sentBytes]] : [];
    }),
  );
}
