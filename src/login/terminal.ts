// The terminals of a login: those whose masters its sshd holds. No utmp and no scan of /proc. The processes on a terminal are not believed:
// a session leader can have a terminal of another devpts that has the same name as somebody else's.
import { closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import { beginLook, type IsOver, UNLIMITED } from "./budget.ts";
import type { Login } from "./login.ts";
import {
  deviceNumberOf,
  type Master,
  MasterGone,
  mastersOf,
  openSlave,
  PTY_SLAVE_MAJOR,
  sessionOf,
} from "./masters.ts";
import {
  hasEnded,
  isAlive,
  isGone,
  type ProcessRef,
  type ProcessStat,
  readStat,
  treeBelow,
} from "./process.ts";
import { effectiveUidOf } from "./user.ts";

/** A pty that a login opened, or one that a program such as `sudo` or `script` opened inside it. */
export interface Terminal {
  /** Its name within its login: `pts/3`; for an inner terminal, `pts/3` as its holder sees it. A later terminal can get the same name. */
  readonly id: string;
  /** Its device file, such as `/dev/pts/3`, as the login's sshd sees it. */
  readonly path: string;
  /** Its device number, to compare after opening by name. */
  readonly deviceNumber: number;
  /** It is opened by this, whatever its name. `undefined` if we may not ask, as a user's own watchdog: then it is known by its leader. */
  readonly master: Master | undefined;
  /** The leader of the session on it; `undefined` if that has given the terminal up, or is no process of the login. */
  readonly leader: ProcessRef | undefined;
  /** Whether it can be opened. False if it is known by its leader and belongs to another mount namespace. */
  readonly reachable: boolean;
  /** The foreground process group, 0 for none. The job is the processes in it or below it that count as the foreground job. */
  readonly foregroundGroup: number;
  readonly foregroundIsLeader: boolean;
  readonly foregroundJob: readonly ProcessStat[];
  /** The terminal that the foreground job opened inside this one, if any. */
  readonly inner: Terminal | undefined;
}

/**
 * How long the processes below one child of sshd are read. A login has at most so many children of its client's (sshd_config(5),
 * MaxSessions).
 */
const TREE_MS = 500;
/** Terminals inside terminals inside terminals …: a user can stack them, but a look must end. */
const DEEPEST = 8;
/** A program such as `sudo` has the master of the terminal that it opened among its first descriptors. */
const MOST_DESCRIPTORS_OF_A_PROGRAM = 64;
/** So many processes above an inner terminal are asked for its master. */
const MOST_HOLDERS = 16;

/** How the terminals of a login are found. */
export interface TerminalOptions {
  /** Everything below the login's sshd, as `treeOfLogin` finds it. */
  readonly tree?: readonly ProcessStat[] | undefined;
  readonly isOver?: IsOver | undefined;
  /** Only sshd is asked. No descriptor of a user's process is taken, so the result has no inner terminals. */
  readonly isFromAfar?: boolean | undefined;
}

/**
 * The terminals that a login has open now. Root asks the login's sshd, whose descriptors no user can change; throws if root may not. A
 * user's own watchdog may never ask. It uses the children of sshd that lead a session on a pty.
 */
export function terminalsOf(
  login: Pick<Login, "server">,
  { tree = treeOfLogin(login), isOver = UNLIMITED, isFromAfar = false }: TerminalOptions = {},
): Terminal[] {
  const { server } = login;
  if (!isAlive(server)) return [];
  const context = { tree, isOver, deepest: isFromAfar ? 1 : DEEPEST };
  if (mayAsk(server.pid))
    // No limit of time: their number is limited, and a terminal that is left out would be idle for ever.
    return mastersOf(server).flatMap((master) => {
      const known = sessionIn(master, server.pid, tree);
      return known ? [terminalOf({ master, number: master.number, ...known }, context, 1)] : [];
    });
  if (process.geteuid?.() === 0)
    throw new Error(`the descriptors of sshd ${server.pid} may not be read: its terminals are not known`);
  return tree.flatMap((it) =>
    it.parent === server.pid && leadsTerminal(it) ? [terminalOf(ledBy(it), context, 1)] : [],
  );
}

function mayAsk(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/fd/0`);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "EACCES" && code !== "EPERM";
  }
}

/** Everything below the sshd of a login, parents before children; empty if the sshd is gone. */
export function treeOfLogin({ server }: Pick<Login, "server">): ProcessStat[] {
  return isAlive(server) ? treeBelow(server.pid, () => beginLook(TREE_MS)) : [];
}

/** The name of a terminal as users know it: `pts/3`. */
export function terminalName({ path }: Pick<Terminal, "path">): string {
  return path.replace(/^\/dev\//, "");
}

/** The terminal in which the user really works: the deepest one that the foreground jobs opened. */
export function innermost(terminal: Terminal): Terminal {
  return terminal.inner ? innermost(terminal.inner) : terminal;
}

/**
 * Opens the slave side to look at it or write to it. It becomes nobody's controlling terminal, and the call never waits. The caller closes
 * it. Throws `MasterGone` if it is gone, or the kernel's error if it cannot be opened.
 */
export function openTerminal(
  terminal: Pick<Terminal, "path" | "deviceNumber" | "master" | "leader" | "reachable">,
): number {
  if (terminal.master) return openSlave(terminal.master);
  const { path, deviceNumber, leader, reachable } = terminal;
  if (!reachable || !leader) throw new Error(`${path} belongs to another mount namespace`);
  // Node adds O_CLOEXEC to every open by itself.
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
  );
  const stat = fstatSync(fd);
  // A newer terminal may have its number by now. While the descriptor is open nobody else gets that number, so ask after the open.
  const owner = readStat(leader.pid);
  const isTheirs = owner?.startTicks === leader.startTicks && owner.ttyNr >>> 0 === deviceNumber;
  if (stat.isCharacterDevice() && stat.rdev === deviceNumber && isTheirs) return fd;
  closeSync(fd);
  throw new Error(`${path} is not the terminal of process ${leader.pid} any more`);
}

/** The session on a terminal now and its foreground group, 0 for none; `undefined` if the terminal is gone. */
export function sessionNow({
  master,
  leader,
  deviceNumber,
}: Pick<Terminal, "master" | "leader" | "deviceNumber">): Session | undefined {
  try {
    const known = master && sessionOf(master);
    if (known) return known;
  } catch (error) {
    if (error instanceof MasterGone) return undefined;
    throw error;
  }
  const stat = leader && readStat(leader.pid);
  if (!stat || hasEnded(stat) || stat.startTicks !== leader.startTicks) return undefined;
  return stat.ttyNr >>> 0 === deviceNumber
    ? { session: stat.pid, foregroundGroup: stat.foregroundGroup }
    : undefined;
}

interface Session {
  readonly session: number;
  readonly foregroundGroup: number;
}

/**
 * The session on a terminal, by its master. If the kernel lets nobody take that, by the children of its holder. `undefined` if it is gone.
 */
function sessionIn(master: Master, parent: number, tree: readonly ProcessStat[]): Session | undefined {
  try {
    const known = sessionOf(master);
    if (known) return known;
  } catch (error) {
    if (error instanceof MasterGone) return undefined;
    throw error;
  }
  const deviceNumber = deviceNumberOf(master.number);
  const leader = tree.find(
    (it) => it.parent === parent && leadsTerminal(it) && it.ttyNr >>> 0 === deviceNumber,
  );
  return leader
    ? { session: leader.pid, foregroundGroup: leader.foregroundGroup }
    : { session: 0, foregroundGroup: 0 };
}

/** Whether a process leads a session that has a pty. */
function leadsTerminal(stat: ProcessStat): boolean {
  return stat.session === stat.pid && majorOf(stat.ttyNr) === PTY_SLAVE_MAJOR && !hasEnded(stat);
}

/** A terminal before its job is known. */
interface Found extends Session {
  readonly master: Master | undefined;
  readonly number: number;
}

/** The terminal that a session leader says it has. */
function ledBy(leader: ProcessStat): Found {
  const { pid, foregroundGroup, ttyNr } = leader;
  return { master: undefined, number: minorOf(ttyNr), session: pid, foregroundGroup };
}

interface Context {
  readonly tree: readonly ProcessStat[];
  readonly isOver: IsOver;
  readonly deepest: number;
}

/** Describes a terminal. A process outside the login is neither its leader nor in its job: it is not ours to signal. */
function terminalOf(
  { master, number, session, foregroundGroup }: Found,
  context: Context,
  depth: number,
): Terminal {
  const { tree, deepest } = context;
  const leader = session === 0 ? undefined : tree.find(({ pid }) => pid === session);
  const group = leader
    ? tree.filter((it) => it.session === session && it.processGroup === foregroundGroup)
    : [];
  const foregroundIsLeader = leader !== undefined && foregroundGroup === leader.processGroup;
  const below = belowAnyOf(group, tree);
  const innerLeader =
    leader && depth < deepest
      ? innerLeaderOf(leader, foregroundIsLeader ? childrenIn(group, below) : below)
      : undefined;
  return {
    id: `pts/${number}`,
    path: `/dev/pts/${number}`,
    deviceNumber: deviceNumberOf(number),
    master,
    leader: leader && { pid: leader.pid, startTicks: leader.startTicks },
    reachable: master !== undefined || (leader !== undefined && sharesMounts(leader.pid)),
    foregroundGroup,
    foregroundIsLeader,
    // Background jobs are also below a shell. So if the shell itself is in the foreground, only its own group is the job.
    foregroundJob: foregroundIsLeader ? group : [...group, ...below],
    inner: innerLeader && terminalOf(innerOf(innerLeader, context), context, depth + 1),
  };
}

/**
 * The terminal of a leader below the foreground job, by the master that a process above it holds. The kernel tells the session of a master,
 * so a false name or number has no effect. If no process above holds the master, the terminal is known by its leader, and root cannot open
 * it.
 */
function innerOf(leader: ProcessStat, { tree, isOver }: Context): Found {
  let above = tree.find(({ pid }) => pid === leader.parent);
  for (let step = 0; above && step < MOST_HOLDERS && !isOver(); step++) {
    const { pid, startTicks, parent } = above;
    const descriptors = mayTakeFrom(pid) ? MOST_DESCRIPTORS_OF_A_PROGRAM : 0;
    for (const master of mastersOf({ pid, startTicks }, isOver, descriptors)) {
      const known = sessionSafely(master);
      if (known?.session === leader.pid) return { master, number: master.number, ...known };
    }
    above = tree.find((it) => it.pid === parent);
  }
  return ledBy(leader);
}

/**
 * Whether a descriptor of a program may be taken. Not if its user controls the program: they can put a file of their own file system in the
 * descriptor's place at that moment, and to close that file can block for ever. `sudo` and `su` have root's rights.
 */
function mayTakeFrom(pid: number): boolean {
  return process.geteuid?.() !== 0 || effectiveUidOf(pid) === 0;
}

function sessionSafely(master: Master): Session | undefined {
  try {
    return sessionOf(master);
  } catch {
    return undefined;
  }
}

/** The processes below some others, without those others. */
export function belowAnyOf(group: readonly ProcessStat[], tree: readonly ProcessStat[]): ProcessStat[] {
  const above = new Set(group.map(({ pid }) => pid));
  const below: ProcessStat[] = [];
  for (const it of tree) {
    if (above.has(it.pid) || !above.has(it.parent)) continue;
    above.add(it.pid);
    below.push(it);
  }
  return below;
}

function childrenIn(group: readonly ProcessStat[], below: readonly ProcessStat[]): ProcessStat[] {
  const above = new Set(group.map(({ pid }) => pid));
  return below.filter(({ parent }) => above.has(parent));
}

/** The newest of the outermost session leaders with a terminal of their own: if a program opened several, it shows the last one. */
function innerLeaderOf(leader: ProcessStat, below: readonly ProcessStat[]): ProcessStat | undefined {
  const inside = new Set<number>();
  let newest: ProcessStat | undefined;
  // Parents come before their children.
  for (const it of below) {
    const isNested = inside.has(it.parent);
    const isLeader = !isNested && it.pid !== leader.pid && leadsTerminal(it);
    if (isNested || isLeader) inside.add(it.pid);
    if (isLeader && !(newest && newest.startTicks > it.startTicks)) newest = it;
  }
  return newest;
}

/**
 * Whether a process sees the same files as we do. If we may not ask (another user's process) the device's own permissions decide. False for
 * root, which never goes by a name: permissions would not stop it.
 */
function sharesMounts(pid: number): boolean {
  if (process.geteuid?.() === 0) return false;
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync("/proc/self/ns/mnt");
  } catch (error) {
    return !isGone(error);
  }
}

/** `tty_nr` as proc_pid_stat(5) packs it: the minor in bits 31–20 and 7–0, the major in bits 15–8. */
function majorOf(ttyNr: number): number {
  return (ttyNr >>> 8) & 0xfff;
}

/** N of /dev/pts/N, from the `tty_nr` of a pty. */
export function minorOf(ttyNr: number): number {
  return (ttyNr & 0xff) | ((ttyNr >>> 12) & 0xfff00);
}
