// What the processes of a job have used so far, and where they are in their files, as plain data.
import { type IsOver, UNLIMITED } from "../login/budget.ts";
import { type ProcessStat, startedBootMs } from "../login/process.ts";
import type { Connection } from "./connections.ts";
import { type FilePlace, type HeldFiles, holdingsOf } from "./held.ts";
import { writtenBytesOf } from "./payload.ts";
import { isCrowded, mappedBytesOf, storageWaitOf, type ThreadWaits, threadWaitsOf } from "./waits.ts";

/**
 * What of a process counts as work.
 * - `line`: its terminal reads whole lines, or it has none. All that it does.
 * - `shell`: it waits for such a job. Its CPU, and that of the short commands of a loop.
 * - `screen`: its terminal waits for single keys, and it draws on it. What it reads and writes of files: a viewer uses CPU as well.
 * - `helper`: it works for such a program, and draws nothing. All, once it has been there at two looks.
 * - `outer`: it has a terminal of its own open inside, whose output it may record. What it only reads.
 * - `idle`: nothing.
 */
export const PARTS = ["line", "shell", "screen", "helper", "outer", "idle"] as const;
export type Part = (typeof PARTS)[number];

/** What one process had used when it was looked at. */
export interface WorkCounters {
  /** Its own word: printed with care. */
  readonly name: string;
  readonly parent: number;
  readonly startedBootMs: number;
  readonly part: Part;
  readonly cpuMs: number;
  /** CPU of its children that ended and were waited for. */
  readonly childrenCpuMs: number;
  /** Bytes it wrote to anything, its waited-for children's among them (`wchar`, proc_pid_io(5)); 0 where we may not ask. */
  readonly writtenBytes: number;
  /** It holds a regular file or a block device open for writing: only then are the bytes it wrote work, and not a screen being drawn. */
  readonly writesFile: boolean;
  /** It holds a unix or UDP socket, and no pipe for its output: what it wrote and no terminal showed is work. */
  readonly writesSocket: boolean;
  /** It, or another of its process group, has files watched: as `tail -f | grep` it may only wake up for what others write. */
  readonly follows: boolean;
  /** Bytes through each of its own TCP sockets, both ways, by inode. */
  readonly sockets: Readonly<Record<string, number>>;
  /** Where it is in its files, by `descriptor:device:inode`. Empty for one that has files watched. */
  readonly places: Readonly<Record<string, FilePlace>>;
  /** By thread id. Absent where it was not asked. */
  readonly threads?: Readonly<Record<string, ThreadWaits>> | undefined;
  /** How much of the files that it has mapped it has come to so far. Asked of programs that draw on a terminal. */
  readonly mappedBytes?: number | undefined;
  /** How often it had left a CPU, where it waited for storage when it was looked at. */
  readonly storageWait?: number | undefined;
}

/** Counters by process, keyed `pid-startTicks`. */
export type JobCounters = Readonly<Record<string, WorkCounters>>;

/** One process of a job, and what of it counts; `raw` becomes `screen` or `helper`, by where its output goes. */
export interface Member {
  readonly stat: ProcessStat;
  readonly place: "line" | "shell" | "raw" | "outer" | "idle";
}

/** On a host that is not crowded, a CPU is waited for only in so small a job: it can be one of many that came at once. */
const SMALL_JOB = 8;
/** The threads of so many processes are asked, and the waits for storage. */
const MOST_ASKED = 128;

/** What the processes of jobs hold, by pid. Of sockets only those whose bytes count: no connection is asked for in vain. */
export function holdingsOfJob(members: readonly Member[], isOver?: IsOver): Map<number, HeldFiles> {
  // Of a shell that waits only the CPU counts: what its jobs hold, they hold themselves.
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

/** The counters of a job. What has not been read when the time is up stays at nothing. */
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
  // Whose output is not known may draw.
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
