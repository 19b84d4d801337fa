// The ptys that a process serves, by the masters that it holds. Of an sshd these are the login's terminals, whatever its user's
// processes say: which terminal they have, under which name, in which mount namespace.
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import {
  closePidfd,
  openPeer,
  openPidfd,
  type Pidfd,
  ptyNumber,
  SystemCallError,
  sessionOn,
  takeDescriptor,
} from "../system/libc.ts";
import { type IsOver, UNLIMITED } from "./budget.ts";
import { descriptorsIn, ptyNumberOf } from "./descriptors.ts";
import { type ProcessRef, readStat } from "./process.ts";

/** The master side of a pty, as one descriptor of the process that serves it. */
export interface Master {
  readonly holder: ProcessRef;
  readonly fd: number;
  /** N of /dev/pts/N, where the holder sees it. */
  readonly number: number;
}

/** sshd opens at most MaxSessions terminals a connection, but as many forwarded connections as it has descriptors. */
const MOST_DESCRIPTORS = 65_536;

/** The masters that a process holds, one for each pty, lowest descriptor first. `most`: so many descriptors are looked at. */
export function mastersOf(holder: ProcessRef, isOver: IsOver = UNLIMITED, most = MOST_DESCRIPTORS): Master[] {
  const found = new Map<number, Master>();
  for (const { fd, target } of descriptorsIn(holder.pid, most, isOver)) {
    if (!/\/ptmx( \(deleted\))?$/.test(target)) continue;
    const number = ptyNumberOf(holder.pid, fd);
    if (number !== undefined && !found.has(number)) found.set(number, { holder, fd, number });
  }
  return [...found.values()];
}

/** Runs something with a master of our own, closed afterwards. Throws `MasterGone` when its holder no longer serves that pty. */
function withMaster<T>({ holder, fd, number }: Master, use: (master: number) => T): T {
  const pidfd = openPidfd(holder.pid);
  if (pidfd === undefined) throw new MasterGone(number);
  try {
    if (readStat(holder.pid)?.startTicks !== holder.startTicks) throw new MasterGone(number);
    const master = take(pidfd, fd, number);
    try {
      if (ptyNumberOfMaster(master) !== number) throw new MasterGone(number);
      return use(master);
    } finally {
      closeSync(master);
    }
  } finally {
    closePidfd(pidfd);
  }
}

/** That a pty is not served any more by who served it. */
export class MasterGone extends Error {
  constructor(number: number) {
    super(`pts/${number} is not served any more`);
  }
}

function take(pidfd: Pidfd, fd: number, number: number): number {
  try {
    return takeDescriptor(pidfd, fd);
  } catch (error) {
    const isGone = error instanceof SystemCallError && (error.code === "EBADF" || error.code === "ESRCH");
    throw isGone ? new MasterGone(number) : error;
  }
}

function ptyNumberOfMaster(master: number): number | undefined {
  try {
    return ptyNumber(master);
  } catch {
    return undefined;
  }
}

/**
 * Opens the terminal of a master, to look at it or to write to it; the caller closes it. Where the kernel lets nobody take a descriptor
 * (Yama's ptrace_scope = 3) it goes by the holder's own /dev/pts. Throws `MasterGone`, or what the kernel says.
 */
export function openSlave(master: Master): number {
  try {
    return withMaster(master, openPeer);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "EPERM") throw error;
    return openByName(master);
  }
}

function openByName({ holder, number }: Master): number {
  const path = `/proc/${holder.pid}/root/dev/pts/${number}`;
  const { O_RDWR, O_NOCTTY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  const stat = fstatSync(fd);
  // The holder must be the same after the open: while the descriptor is open nobody else gets this number.
  const isSame = readStat(holder.pid)?.startTicks === holder.startTicks;
  if (isSame && stat.isCharacterDevice() && stat.rdev === deviceNumberOf(number)) return fd;
  closeSync(fd);
  if (!isSame) throw new MasterGone(number);
  throw new Error(`${path} is not the terminal ${number}`);
}

/** Who has a terminal: the leader of its session and the foreground process group, 0 for none; `undefined` when we may not ask. */
export function sessionOf(master: Master): ReturnType<typeof sessionOn> | undefined {
  try {
    return withMaster(master, sessionOn);
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}

/** Major device number of the slave sides of ptys (the kernel's Documentation/admin-guide/devices.txt); the minor is N of /dev/pts/N. */
export const PTY_SLAVE_MAJOR = 136;

/** The device number of /dev/pts/N, as stat(2) and `tty_nr` of proc_pid_stat(5) pack it. */
export function deviceNumberOf(number: number): number {
  return ((PTY_SLAVE_MAJOR << 8) | (number & 0xff) | ((number & 0xfff00) << 12)) >>> 0;
}
