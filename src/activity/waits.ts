// What a process waits for (a CPU that others use, or slow storage), and what it has read of mapped files without a system call.
import { opendirSync, readFileSync } from "node:fs";
import type { ProcessStat } from "../login/process.ts";

/** How long a thread has waited for a CPU, in ms, and how often it left one: by itself, and because it was another thread's turn. */
export type ThreadWaits = readonly [waitedMs: number, yielded: number, preempted: number];

const MOST_THREADS = 32;
/** The unit of statm. If pages are larger, less is seen. */
const PAGE_BYTES = 4096;
/** Waits in a file system that a program serves (the kernel's fs/fuse/dev.c). Waits for disks and network file systems show as state D. */
const STORAGE_WAIT = /^(?:request_wait_answer|fuse_|__fuse_)/;
/** Asleep, or in a wait that only a fatal signal ends. */
const MAY_WAIT = new Set(["S", "D"]);

/** Whether more threads want a CPU than there are CPUs, over the last minute (proc_loadavg(5)). */
export function isCrowded(): boolean {
  const { availableParallelism, loadavg } = process.getBuiltinModule("node:os");
  return (loadavg()[0] ?? 0) > availableParallelism();
}

/** The waits of a process's threads, by thread id, of at most MOST_THREADS. /proc/PID/schedstat has only those of the first thread. */
export function threadWaitsOf({
  pid,
  threads,
}: Pick<ProcessStat, "pid" | "threads">): Record<string, ThreadWaits> {
  const waits: Record<string, ThreadWaits> = {};
  for (const thread of threads > 1 ? threadsOf(pid) : [String(pid)]) {
    const directory = `/proc/${pid}/task/${thread}`;
    const waitedNs = Number(textOf(`${directory}/schedstat`).split(" ")[1]);
    const switches = switchesIn(directory);
    // Without CONFIG_SCHED_INFO there is no schedstat: nothing is known then.
    if (switches && Number.isFinite(waitedNs)) waits[thread] = [Math.round(waitedNs / 1e6), ...switches];
  }
  return waits;
}

/**
 * How often the first thread of a process has left a CPU so far, if it waits for storage now; else `undefined`. If it still waits at the
 * next look but has run meanwhile, it goes on. A process that hangs has not run.
 */
export function storageWaitOf({ pid, state }: Pick<ProcessStat, "pid" | "state">): number | undefined {
  if (!MAY_WAIT.has(state)) return undefined;
  const directory = `/proc/${pid}`;
  if (state !== "D" && !STORAGE_WAIT.test(textOf(`${directory}/wchan`))) return undefined;
  const switches = switchesIn(directory);
  return switches && switches[0] + switches[1];
}

/** How many bytes of its mapped files a process has touched and are in memory (`shared`, proc_pid_statm(5)); `undefined` if it is gone. */
export function mappedBytesOf(pid: number): number | undefined {
  const pages = Number(textOf(`/proc/${pid}/statm`).split(" ")[2]);
  return Number.isFinite(pages) ? pages * PAGE_BYTES : undefined;
}

function switchesIn(directory: string): [number, number] | undefined {
  const found = /^voluntary_ctxt_switches:\s+(\d+)\nnonvoluntary_ctxt_switches:\s+(\d+)/m.exec(
    textOf(`${directory}/status`),
  );
  return found ? [Number(found[1]), Number(found[2])] : undefined;
}

function threadsOf(pid: number): string[] {
  const found: string[] = [];
  try {
    const directory = opendirSync(`/proc/${pid}/task`);
    try {
      while (found.length < MOST_THREADS) {
        const entry = directory.readSync();
        if (!entry) break;
        found.push(entry.name);
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    // It is gone.
  }
  return found;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
