// Finds who else could read what is typed at a locked terminal: the processes of the whole host that have it open.
import { readFileSync } from "node:fs";
import { beginLook, type IsOver } from "../login/budget.ts";
import { descriptorsIn } from "../login/descriptors.ts";
import type { Login } from "../login/login.ts";
import { deviceNumberOf, mastersOf, PTY_SLAVE_MAJOR } from "../login/masters.ts";
import { allProcesses, hasEnded, type ProcessStat } from "../login/process.ts";
import { programOf } from "../login/program.ts";
import { sessionNow, type Terminal } from "../login/terminal.ts";
import { effectiveUidOf, uidOf } from "../login/user.ts";
import { type FileFacts, fileFacts } from "../system/libc.ts";

/** Who holds a terminal besides its session's background jobs, which the kernel lets read nothing (SIGTTIN). */
export interface Holders {
  /** They are to be stopped. */
  readonly readers: readonly ProcessStat[];
  /** They also have a terminal open that is not this login's, or are somebody else's: to stop them would harm others. */
  readonly outsiders: readonly ProcessStat[];
  /** Whether all processes were looked at in the time for that. */
  readonly isComplete: boolean;
}

/** Where to look. */
export interface Held {
  readonly login: Login;
  readonly terminal: Terminal;
  /** The terminal, open. */
  readonly fd: number;
}

/** Users can make this take long, but it must end. */
const LOOK_MS = 5_000;
const MOST_DESCRIPTORS = Number.POSITIVE_INFINITY;
/** The processes of other users: what cannot be looked at in this time is left out. */
const LOOK_ELSEWHERE_MS = 1_000;
const MOST_DESCRIPTORS_ELSEWHERE = 256;
/** Standard input, output and error. */
const LAST_STANDARD = 2;

// fcntl(2), asm-generic/fcntl.h; the same on x86-64 and arm64.
const O_ACCMODE = 0o3;
const O_WRONLY = 0o1;
const O_PATH = 0o10000000;

/** /dev/tty, as the kernel's Documentation/admin-guide/devices.txt numbers it. */
export const CONTROLLING_TERMINAL = "5:0";

/** Looks at every process. Throws if the terminal is gone. */
export function holdersOf(held: Held): Holders {
  const own = fileFacts(`/proc/self/fd/${held.fd}`)?.file;
  if (own === undefined) throw new Error(`${held.terminal.path} is gone`);
  const processes = allProcesses();
  const context = { ...held, own, processes, session: sessionNow(held.terminal) };
  const candidates = [...processes.values()].filter((stat) => !isLeftAlone(stat, context));
  const theirs = new Set(candidates.filter((stat) => isTheirs(stat, context)));
  const others = candidates.filter((stat) => !theirs.has(stat));
  const among = holdersAmong([...theirs], MOST_DESCRIPTORS, { ...context, isOver: beginLook(LOOK_MS) });
  const elsewhere = { ...context, isOver: beginLook(LOOK_ELSEWHERE_MS) };
  const beyond = holdersAmong(others, MOST_DESCRIPTORS_ELSEWHERE, elsewhere).found;
  return {
    readers: among.found.filter(({ hasOthers }) => !hasOthers).map(({ stat }) => stat),
    outsiders: [...among.found.filter(({ hasOthers }) => hasOthers), ...beyond].map(({ stat }) => stat),
    isComplete: among.isComplete,
  };
}

/** A holder, and whether it also has a terminal open that is not this login's. */
interface Found {
  readonly stat: ProcessStat;
  readonly hasOthers: boolean;
}

function holdersAmong(stats: readonly ProcessStat[], most: number, context: Context) {
  const found: Found[] = [];
  for (const stat of stats) {
    if (context.isOver()) return { found, isComplete: false };
    const open = terminalsOpenIn(stat, most, context);
    if (!open.isHolder) continue;
    // What is in front in the session itself is stopped in any case.
    const isOutside = stat.session !== context.session?.session;
    const hasOthers = isOutside && open.others.some((number) => isElsewhere(number, stat, context));
    found.push({ stat, hasOthers });
  }
  return { found, isComplete: !context.isOver() };
}

/**
 * Whether a process is the user's, or below their login. Others are never stopped: a user can send an open terminal to a service of the
 * host, which would then stand still for everybody. Nor may others make a look take too long.
 */
function isTheirs(stat: ProcessStat, { login, session, processes }: Omit<Context, "isOver">): boolean {
  if (stat.session === session?.session) return true;
  if (uidOf(stat.pid) === login.uid || effectiveUidOf(stat.pid) === login.uid) return true;
  return isBelow(stat, [login.server.pid], processes);
}

interface Context extends Held {
  /** The name of the terminal's file on this host. */
  readonly own: string;
  readonly processes: ReadonlyMap<number, ProcessStat>;
  readonly session: ReturnType<typeof sessionNow>;
  readonly isOver: IsOver;
}

/** Threads of the kernel, ourselves and our children, the login's sshds, background jobs, and other programs of afkill's that root runs. */
function isLeftAlone(stat: ProcessStat, { login, session, terminal }: Omit<Context, "isOver">): boolean {
  const { pid, parent } = stat;
  if (hasEnded(stat) || pid === 2 || parent === 2) return true;
  if (pid === process.pid || parent === process.pid) return true;
  if (pid === login.privileged?.pid || pid === login.child?.pid) return true;
  if (isBackgroundJob(stat, session, terminal)) return true;
  return programOf(pid) === process.execPath && effectiveUidOf(pid) === 0;
}

/** It must still have the terminal: one that gave it up (TIOCNOTTY) may read from it. */
function isBackgroundJob(stat: ProcessStat, session: Context["session"], terminal: Terminal): boolean {
  return (
    session !== undefined &&
    stat.session === session.session &&
    stat.processGroup !== session.foregroundGroup &&
    stat.ttyNr >>> 0 === terminal.deviceNumber
  );
}

interface Open {
  readonly isHolder: boolean;
  /** N of each other /dev/pts/N that it could read. */
  readonly others: readonly number[];
}

function terminalsOpenIn(stat: ProcessStat, most: number, context: Context): Open {
  const own: number[] = [];
  const others = new Set<number>();
  for (const { fd, target } of descriptorsIn(stat.pid, most, context.isOver)) {
    if (!target.startsWith("/")) continue;
    const facts = fileFacts(`/proc/${stat.pid}/fd/${fd}`);
    if (facts?.special === undefined || !canRead(stat.pid, fd)) continue;
    if (isThis(facts, stat, context)) own.push(fd);
    else if (facts.special.startsWith(`${PTY_SLAVE_MAJOR}:`)) others.add(Number(facts.special.split(":")[1]));
  }
  const isHolder = own.length > 0 && !(isService(stat, context) && own.every((fd) => fd <= LAST_STANDARD));
  return { isHolder, others: [...others] };
}

/**
 * Whether a file is the terminal. /dev/tty is that of its process: for one that has none, the one that it left, which nobody can tell.
 * It is then taken for this one, if it may be.
 */
function isThis({ file, special }: FileFacts, stat: ProcessStat, { own, terminal, login }: Context): boolean {
  if (file === own) return true;
  if (special !== CONTROLLING_TERMINAL) return false;
  if (stat.ttyNr !== 0) return stat.ttyNr >>> 0 === terminal.deviceNumber;
  return effectiveUidOf(stat.pid) === login.uid;
}

/**
 * Whether a process has other rights than the login's user. If it only kept its standard streams, it is a service that somebody started from
 * this terminal: to stop it harms more. Root's programs need no trick to learn a password.
 */
function isService({ pid }: ProcessStat, { login }: Context): boolean {
  const uid = effectiveUidOf(pid);
  return uid === 0 || uid !== login.uid;
}

/** Whether a descriptor is open for reading (proc_pid_fdinfo(5)); true if nobody can say. */
function canRead(pid: number, fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1"))?.[1];
    const bits = Number.parseInt(flags ?? "0", 8);
    return (bits & O_ACCMODE) !== O_WRONLY && (bits & O_PATH) === 0;
  } catch {
    return true;
  }
}

/** Whether pts/N is neither of this login nor opened by the process itself: the screen of somebody else. */
function isElsewhere(number: number, holder: ProcessStat, context: Context): boolean {
  const { login, processes } = context;
  if (mastersOf(login.server).some((master) => master.number === number)) return false;
  const leader = [...processes.values()].find(
    (it) => it.session === it.pid && it.ttyNr >>> 0 === deviceNumberOf(number),
  );
  return leader !== undefined && !isBelow(leader, [login.server.pid, holder.pid], processes);
}

function isBelow(stat: ProcessStat, above: readonly number[], processes: Context["processes"]): boolean {
  const passed = new Set<number>();
  for (let at: ProcessStat | undefined = stat; at && !passed.has(at.pid); at = processes.get(at.parent)) {
    if (above.includes(at.pid)) return true;
    passed.add(at.pid);
  }
  return false;
}
