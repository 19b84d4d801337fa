// The terminals of a login, found from its sshd downwards: no utmp, no scan of /proc, no tty number without the session that goes with it.
import { closeSync, constants, fstatSync, openSync, readlinkSync } from "node:fs";
import type { Login } from "./login.ts";
import {
  hasEnded,
  isAlive,
  isGone,
  type ProcessRef,
  type ProcessStat,
  readStat,
  treeBelow,
} from "./process.ts";

/** A pty that a login opened, or one that a program such as `sudo` or `script` opened inside it. */
export interface Terminal {
  /** Names it for good: device and session leader, such as `pts/3:1234-567890`. */
  readonly id: string;
  /** Its device file, such as `/dev/pts/3`. */
  readonly path: string;
  /** Its device number, to compare after opening: the file at `path` may be another terminal by then. */
  readonly deviceNumber: number;
  readonly leader: ProcessRef;
  /** False where its leader lives in another mount namespace: there `path` may name another terminal than here. */
  readonly reachable: boolean;
  /** The foreground process group, and the processes in it or below it that count as the foreground job. */
  readonly foregroundGroup: number;
  readonly foregroundIsLeader: boolean;
  readonly foregroundJob: readonly ProcessStat[];
  /** The terminal that the foreground job opened inside this one, if any. */
  readonly inner: Terminal | undefined;
}

/** Major device number of the slave sides of ptys (the kernel's Documentation/admin-guide/devices.txt); the minor is N of /dev/pts/N. */
const PTY_SLAVE_MAJOR = 136;
/** Terminals inside terminals inside terminals …: a user can stack them, a look must end. */
const DEEPEST = 8;

/**
 * The terminals that a login has open now: the children of its sshd that lead a session on a pty. `tree`: everything below that sshd,
 * as `treeOfLogin` finds it.
 */
export function terminalsOf(
  login: Pick<Login, "server">,
  tree: readonly ProcessStat[] = treeOfLogin(login),
): Terminal[] {
  const leaders = tree.filter((it) => it.parent === login.server.pid && leadsTerminal(it));
  return leaders.map((leader) => terminalLedBy(leader, [leader, ...belowAnyOf([leader], tree)], true, 1));
}

/** Everything below the sshd of a login, parents before children; nothing when that is gone. */
export function treeOfLogin({ server }: Pick<Login, "server">): ProcessStat[] {
  return isAlive(server) ? treeBelow(server.pid) : [];
}

/** A terminal as users know it: `pts/3`. */
export function terminalName({ path }: Pick<Terminal, "path">): string {
  return path.replace(/^\/dev\//, "");
}

/** The terminal that the user really works in: the deepest one that the foreground jobs opened. */
export function innermost(terminal: Terminal): Terminal {
  return terminal.inner ? innermost(terminal.inner) : terminal;
}

/**
 * Opens the slave side to look at it, or write to it, without becoming its owner or waiting. The caller closes it.
 * Throws when it cannot be opened, or when the device there is not the terminal of that leader (any more).
 */
export function openTerminal(
  terminal: Pick<Terminal, "path" | "deviceNumber" | "leader" | "reachable">,
): number {
  const { path, deviceNumber, leader, reachable } = terminal;
  if (!reachable) throw new Error(`${path} belongs to another mount namespace`);
  // Node adds O_CLOEXEC to every open by itself.
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
  );
  const stat = fstatSync(fd);
  // Its number may belong to a newer terminal by now. While the descriptor is open it cannot be given out again: ask then.
  const owner = readStat(leader.pid);
  const isTheirs = owner?.startTicks === leader.startTicks && owner.ttyNr >>> 0 === deviceNumber;
  if (stat.isCharacterDevice() && stat.rdev === deviceNumber && isTheirs) return fd;
  closeSync(fd);
  throw new Error(`${path} is not the terminal of process ${leader.pid} any more`);
}

/** Whether a process leads a session that has a pty. */
function leadsTerminal(stat: ProcessStat): boolean {
  return stat.session === stat.pid && majorOf(stat.ttyNr) === PTY_SLAVE_MAJOR && !hasEnded(stat);
}

/** Describes the terminal of a session leader. `tree` holds at least the leader and everything below it, parents first. */
function terminalLedBy(
  leader: ProcessStat,
  tree: readonly ProcessStat[],
  reachable: boolean,
  depth: number,
): Terminal {
  const minor = minorOf(leader.ttyNr);
  const group = tree.filter((it) => it.session === leader.pid && it.processGroup === leader.foregroundGroup);
  const foregroundIsLeader = leader.foregroundGroup === leader.processGroup;
  const below = belowAnyOf(group, tree);
  const innerLeader =
    depth < DEEPEST
      ? innerLeaderOf(leader, foregroundIsLeader ? childrenIn(group, below) : below)
      : undefined;
  return {
    id: `pts/${minor}:${leader.pid}-${leader.startTicks}`,
    path: `/dev/pts/${minor}`,
    deviceNumber: leader.ttyNr >>> 0,
    leader: { pid: leader.pid, startTicks: leader.startTicks },
    reachable,
    foregroundGroup: leader.foregroundGroup,
    foregroundIsLeader,
    // Below a shell are its background jobs too: where the shell itself is in the foreground, only its own group is the job.
    foregroundJob: foregroundIsLeader ? group : [...group, ...below],
    inner: innerLeader && terminalLedBy(innerLeader, tree, sharesMounts(innerLeader.pid), depth + 1),
  };
}

/** What is below some processes and not among them. */
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
  return below.filter(({ parent }) => group.some(({ pid }) => pid === parent));
}

/** The newest of the outermost session leaders with a terminal of their own: a program that opened several shows its last one. */
function innerLeaderOf(leader: ProcessStat, below: readonly ProcessStat[]): ProcessStat | undefined {
  const leaders = below.filter((it) => it.pid !== leader.pid && leadsTerminal(it));
  const nested = new Set(leaders.flatMap((it) => belowAnyOf([it], below)).map(({ pid }) => pid));
  return leaders
    .filter(({ pid }) => !nested.has(pid))
    .reduce<ProcessStat | undefined>((a, b) => (a && a.startTicks > b.startTicks ? a : b), undefined);
}

/** Whether a process sees the same files as we do. Where we may not ask (another user's process) the device's own permissions decide. */
function sharesMounts(pid: number): boolean {
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

/** N of /dev/pts/N, of a `tty_nr` that is a pty. */
export function minorOf(ttyNr: number): number {
  return (ttyNr & 0xff) | ((ttyNr >>> 12) & 0xfff00);
}
