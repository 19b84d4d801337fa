// Processes as /proc shows them (proc_pid(5)). A process can vanish between two reads: that is an answer, not an error.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readStart } from "../system/libc.ts";
import { type IsOver, UNLIMITED } from "./budget.ts";

/** Names one process permanently: a pid alone can be reused. `startTicks` is field 22 of proc_pid_stat(5). */
export interface ProcessRef {
  readonly pid: number;
  readonly startTicks: number;
}

/** What /proc/PID/stat says of a process (proc_pid_stat(5)). */
export interface ProcessStat extends ProcessRef {
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  readonly session: number;
  readonly threads: number;
  /** Device number of the controlling terminal, 0 for none. */
  readonly ttyNr: number;
  /** The foreground process group of the controlling terminal, -1 for none. */
  readonly foregroundGroup: number;
  /** CPU that the process itself used. */
  readonly cpuMs: number;
  /** CPU of its children that ended and were waited for. */
  readonly childrenCpuMs: number;
  /** The process chose it itself: never trust it. */
  readonly name: string;
}

/** USER_HZ: the tick of /proc, the same on every Linux that Node runs on, whatever the kernel's own HZ (time(7)). */
const MS_PER_TICK = 10;
/** At most so many processes of a login are read: a user can start as many as they like, but a look must end. */
const MOST_PROCESSES = 4096;

/** Whether an error only means that the process went away while it was read. */
export function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ESRCH";
}

/** Parses the text of /proc/PID/stat; `undefined` if it has another form. The name can hold anything, even `) (`: the LAST `)` ends it. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 1 || close < open) return undefined;
  // Index 0 is field 3 of the man page, the last index is field 22.
  const words = text.slice(close + 2).split(" ", 20);
  const [state = ""] = words;
  const field = (number: number) => Number(words[number - 3]);
  const stat = {
    pid: Number(text.slice(0, open)),
    startTicks: field(22),
    state,
    parent: field(4),
    processGroup: field(5),
    session: field(6),
    threads: field(20),
    ttyNr: field(7),
    foregroundGroup: field(8),
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
    childrenCpuMs: (field(16) + field(17)) * MS_PER_TICK,
    name: text.slice(open + 1, close),
  };
  return /^[A-Za-z]$/.test(state) && areFinite(stat) ? stat : undefined;
}

/** If any field is NaN the sum is NaN: one check instead of ten. */
function areFinite(stat: ProcessStat): boolean {
  const { pid, startTicks, parent, processGroup, session, threads, ttyNr, foregroundGroup } = stat;
  const ids = pid + startTicks + parent + processGroup + session + threads + ttyNr + foregroundGroup;
  return Number.isFinite(ids + stat.cpuMs + stat.childrenCpuMs);
}

/** Reads a process; `undefined` if it is gone. A zombie still exists, with state `Z`. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    // Node reads a small file fastest as UTF-8. A name that is not UTF-8 gets replacement characters.
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Every process of the host that we may see, by pid. Those that end meanwhile are left out. */
export function allProcesses(): Map<number, ProcessStat> {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const found = pids.flatMap((pid) => readStat(Number(pid)) ?? []);
  return new Map(found.map((stat) => [stat.pid, stat]));
}

/**
 * The processes with a given name in some sessions. Of other processes only the name and the session are read: to read the stat of a
 * process can block for ever, and those of others are not this login's.
 */
export function namedIn(sessions: ReadonlySet<number>, name: string): ProcessStat[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => (isNamedIn(sessions, name, pid) ? (readStat(Number(pid)) ?? []) : []));
}

function isNamedIn(sessions: ReadonlySet<number>, name: string, pid: string): boolean {
  try {
    if (readStart(`/proc/${pid}/comm`) !== `${name}\n`) return false;
    return sessions.has(Number(/^NSsid:\t(\d+)/m.exec(readStart(`/proc/${pid}/status`))?.[1]));
  } catch {
    return false;
  }
}

/** The words of a process's command line; empty if it is gone. The process can change them (proc_pid_cmdline(5)). */
export function commandLineOf(pid: number): string[] {
  try {
    return readStart(`/proc/${pid}/cmdline`).split("\0");
  } catch {
    return [];
  }
}

/**
 * Whether a process has ended, even if its parent has not waited for it yet. A process whose first thread has ended also shows `Z`, but it
 * has more threads.
 */
export function hasEnded(stat: ProcessStat): boolean {
  return (stat.state === "Z" || stat.state === "X") && stat.threads <= 1;
}

/** This process. Throws if /proc does not show it. */
export function thisProcess(): ProcessRef {
  const stat = readStat(process.pid);
  if (!stat) throw new Error("/proc does not show this process");
  return { pid: stat.pid, startTicks: stat.startTicks };
}

/** Whether exactly this process still runs: not a later one with its pid, and not its zombie. */
export function isAlive(ref: ProcessRef): boolean {
  const stat = readStat(ref.pid);
  return stat !== undefined && stat.startTicks === ref.startTicks && !hasEnded(stat);
}

/** A process with more threads is not looked at further. */
const MOST_THREADS = 1024;

/**
 * The states of the threads of a process (proc_tid_stat(5)); empty if it is gone. Its own state is only that of its first thread, which may
 * have ended, or which a tracer keeps apart. A thread of too many is unknown: `?`.
 */
export function threadStatesOf(pid: number): string[] {
  const stat = readStat(pid);
  if (!stat || hasEnded(stat)) return [];
  if (stat.threads <= 1) return [stat.state];
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const states = threads.slice(0, MOST_THREADS).map((tid) => stateOfThread(pid, tid));
    return threads.length > MOST_THREADS ? [...states, "?"] : states;
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** `X` if it is gone. */
function stateOfThread(pid: number, tid: string): string {
  try {
    return parseStat(readFileSync(`/proc/${pid}/task/${tid}/stat`, "utf8"))?.state ?? "?";
  } catch (error) {
    if (isGone(error)) return "X";
    throw error;
  }
}

/** When a process started, on the boot clock, in ms. Start times count from boot and include suspends (proc_pid_stat(5)). */
export function startedBootMs(ref: ProcessRef): number {
  return ref.startTicks * MS_PER_TICK;
}

/**
 * The pids of a process's children, of all its threads (proc_tid_children(5)); empty if it is gone. Throws if the kernel has no such files:
 * a wrong "no children" could end a login.
 */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      childrenOfThread(`/proc/${pid}/task/${thread}`),
    );
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function childrenOfThread(directory: string): number[] {
  try {
    return readFileSync(`${directory}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch (error) {
    if (!isGone(error)) throw error;
    if (existsSync(`${directory}/stat`) && !existsSync(`/proc/${process.pid}/task/${process.pid}/children`))
      throw new Error("the kernel lacks /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN)", {
        cause: error,
      });
    return [];
  }
}

/**
 * Everything below a process, parents before children: its children, whatever their state, and the processes below each of them, as far as
 * the time for each allows.
 */
export function treeBelow(pid: number, begin: () => IsOver): ProcessStat[] {
  // Each child has its own limits: a child with too many processes below it must not hide those of another.
  return childrenOf(pid).flatMap((child) => {
    const stat = readStat(child);
    return stat ? [stat, ...descendantsOf(child, begin())] : [];
  });
}

/**
 * All living processes below a process, parents before children, without itself. No zombies: their children have another parent by then.
 */
export function descendantsOf(pid: number, isOver: IsOver = UNLIMITED): ProcessStat[] {
  const found = new Map<number, ProcessStat>();
  const waiting = childrenOf(pid);
  // The list grows while this loop runs.
  for (const child of waiting) {
    if (found.size >= MOST_PROCESSES || isOver()) break;
    if (found.has(child)) continue;
    const stat = readStat(child);
    if (!stat || hasEnded(stat)) continue;
    found.set(child, stat);
    // Pushed one by one: some hundred thousand arguments of one call would overflow the stack.
    for (const further of childrenOf(child)) waiting.push(further);
  }
  return [...found.values()];
}
