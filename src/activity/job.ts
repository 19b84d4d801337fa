// What the processes of a job have used so far, as plain numbers.
import { lstatSync } from "node:fs";
import { descriptorsOf, linkOf } from "../login/client.ts";
import { type ProcessStat, startedBootMs } from "../login/process.ts";
import type { Connection } from "./connections.ts";
import { writtenBytesOf } from "./payload.ts";

/** What one process had used when it was looked at. */
export interface WorkCounters {
  /** Its own word: printed with care. */
  readonly name: string;
  readonly parent: number;
  readonly startedBootMs: number;
  readonly cpuMs: number;
  /** CPU of its children that ended and were waited for. */
  readonly childrenCpuMs: number;
  /** Bytes it wrote to anything, its waited-for children's among them (`wchar`, proc_pid_io(5)); 0 where we may not ask. */
  readonly writtenBytes: number;
  /** It holds a regular file open for writing: only then are the bytes it wrote work, and not a screen being drawn. */
  readonly writesFile: boolean;
  /** Bytes through each of its own TCP sockets, both ways, by inode. */
  readonly sockets: Readonly<Record<string, number>>;
}

/** Counters by process, keyed `pid-startTicks`. */
export type JobCounters = Readonly<Record<string, WorkCounters>>;

/** What a process holds open. */
export interface Held {
  readonly sockets: readonly string[];
  readonly writesFile: boolean;
}

/** A process can hold a million descriptors and a job a thousand processes: a look must end. What lies beyond is not counted. */
const MOST_DESCRIPTORS = 128;
const MOST_DESCRIPTORS_IN_ALL = 8192;

/** Looks through the open descriptors of processes, by pid. Nothing is known of those we may not look into. */
export function holdingsOf(processes: readonly ProcessStat[]): Map<number, Held> {
  const held = new Map<number, Held>();
  let left = MOST_DESCRIPTORS_IN_ALL;
  for (const { pid } of processes) {
    const descriptors = descriptorsOf(pid, Math.min(left, MOST_DESCRIPTORS));
    left -= descriptors.length;
    const sockets: string[] = [];
    let writesFile = false;
    for (const descriptor of descriptors) {
      const path = `/proc/${pid}/fd/${descriptor}`;
      const target = linkOf(path);
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) sockets.push(inode);
      else writesFile ||= isRegular(target) && isWritable(path);
    }
    held.set(pid, { sockets, writesFile });
  }
  return held;
}

/**
 * Whether what a descriptor is open on is a file in the ordinary sense. Judged by its name: a stat of the file itself would wait
 * for ever on a file system that its user serves and does not answer for.
 */
function isRegular(target: string): boolean {
  return target.startsWith("/") && !/^\/(?:dev|proc|sys)\/|^\/memfd:/.test(target);
}

/** Whether a descriptor is open for writing: the link's own mode says so (proc_pid_fd(5)), whatever the file's. */
function isWritable(path: string): boolean {
  try {
    return (lstatSync(path).mode & 0o200) !== 0;
  } catch {
    return false;
  }
}

/** The counters of a job. `idleLeader`: a session leader that is not in the foreground itself; what it writes is no work. */
export function jobCounters(
  processes: readonly ProcessStat[],
  held: ReadonlyMap<number, Held>,
  connections: ReadonlyMap<string, Connection>,
  idleLeader?: number,
): JobCounters {
  const entries = processes.map((it) => {
    const holdings = held.get(it.pid);
    const counters: WorkCounters = {
      name: it.name,
      parent: it.parent,
      startedBootMs: startedBootMs(it),
      cpuMs: it.cpuMs,
      childrenCpuMs: it.childrenCpuMs,
      writtenBytes: holdings ? (writtenBytesOf(it.pid) ?? 0) : 0,
      writesFile: it.pid !== idleLeader && holdings?.writesFile === true,
      sockets: Object.fromEntries(
        (holdings?.sockets ?? []).flatMap((inode) => {
          const connection = connections.get(inode);
          return connection ? [[inode, connection.receivedBytes + connection.sentBytes]] : [];
        }),
      ),
    };
    return [`${it.pid}-${it.startTicks}`, counters] as const;
  });
  return Object.fromEntries(entries);
}
