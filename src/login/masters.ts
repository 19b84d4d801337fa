// The ptys that a process serves, by the masters that it holds. For an sshd these are the login's terminals. The user's processes cannot
// change that, whatever they say of their terminal, its name or its mount namespace.
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

/** The master side of a pty: a descriptor of the process that serves it. */
export interface Master {
  readonly holder: ProcessRef;
  readonly fd: number;
  /** N of /dev/pts/N, as the holder sees it. */
  readonly number: number;
}

/** sshd opens at most MaxSessions terminals per connection, but it can forward as many connections as it has descriptors. */
const MOST_DESCRIPTORS = 65_536;

/** The masters that a process holds, one for each pty, lowest descriptor first. Only the first `most` descriptors are read. */
export function mastersOf(holder: ProcessRef, isOver: IsOver = UNLIMITED, most = MOST_DESCRIPTORS): Master[] {
  const found = new Map<number, Master>();
  for (const { fd, target } of descriptorsIn(holder.pid, most, isOver)) {
    if (!/\/ptmx( \(deleted\))?$/.test(target)) continue;
    const number = ptyNumberOf(holder.pid, fd);
    if (number !== undefined && !found.has(number)) found.set(number, { holder, fd, number });
  }
  return [...found.values()];
}

/** Calls `use` with our own copy of a master and closes it afterwards. Throws `MasterGone` if its holder no longer serves that pty. */
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

/** Thrown if a process does not serve a pty any more. */
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
 * Opens the terminal of a master, to look at it or to write to it; the caller closes it. If the kernel lets nobody take a descriptor
 * (Yama's ptrace_scope = 3), it is opened by name in the holder's own /dev/pts. Throws `MasterGone`, or the kernel's error.
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
  // The holder must be the same after the open. While the descriptor is open nobody else gets this number.
  const isSame = readStat(holder.pid)?.startTicks === holder.startTicks;
  if (isSame && stat.isCharacterDevice() && stat.rdev === deviceNumberOf(number)) return fd;
  closeSync(fd);
  if (!isSame) throw new MasterGone(number);
  throw new Error(`${path} is not the terminal ${number}`);
}

/** The session on a terminal and its foreground process group, 0 for none; `undefined` if we may not ask. Throws `MasterGone`. */
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
