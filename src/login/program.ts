// The program that a process runs: whether it is an sshd, and whether root alone can have put it there.
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { linkOf } from "./descriptors.ts";

/** The names of OpenSSH's programs that hold a login: `sshd`, and from 9.8 on `sshd-session`. */
const SSHD_NAMES = new Set(["sshd", "sshd-session"]);
/**
 * An sshd makes the title of its privileged process with this format (OpenSSH, monitor.c and sshd-session.c). No other program that Debian
 * ships has it. So an sshd is known under any name. `pam/watchdog` uses the same test.
 */
const TITLE_FORMAT = "%s [priv]";
/** Even an sshd that is linked with all its libraries is smaller. */
const LARGEST_PROGRAM = 16 << 20;

/**
 * The path of a process's program, as our mounts show it. Empty if the process is gone or we may not ask (a user may not ask the sshds of
 * their login). After an upgrade the name ends in ` (deleted)` (proc_pid_exe(5)): that is left out.
 */
export function programOf(pid: number): string {
  return linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
}

/** Whether a program has the name of an sshd of a login. */
export function isNamedSshd(program: string): boolean {
  return SSHD_NAMES.has(basename(program));
}

/** Whether a process runs an sshd, by the name of its program or by what is in it. `program` is the result of `programOf`. */
export function runsSshd(pid: number, program: string): boolean {
  return isNamedSshd(program) || holdsTitleFormat(pid);
}

const known = new Map<string, boolean>();

/**
 * Reads the program of a process, each program only once. Opened through /proc it is the program that runs, whatever is at its path now.
 */
function holdsTitleFormat(pid: number): boolean {
  try {
    const fd = openSync(`/proc/${pid}/exe`, "r");
    try {
      const { dev, ino, size } = fstatSync(fd);
      if (size > LARGEST_PROGRAM) return false;
      const id = `${dev}:${ino}`;
      const before = known.get(id);
      if (before !== undefined) return before;
      const text = Buffer.alloc(size);
      const holds = text.subarray(0, readSync(fd, text)).includes(TITLE_FORMAT);
      known.set(id, holds);
      return holds;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/**
 * Returns a function that tells whether a process runs a program of the host's that only root can have put there: file and directories up
 * to `/` are root's, and nobody else may write to them. A path alone proves nothing: users can put anything there in a mount namespace of
 * their own. For the processes of one survey: it asks each path only once.
 */
export function rootsPrograms(): (pid: number, program: string) => boolean {
  const directories = new Map<string, boolean>();
  const files = new Map<string, Stats | undefined>();
  // From the top down: below a user's directory may be a file system of theirs that never answers.
  const isRootsDirectory = (path: string): boolean => {
    const before = directories.get(path);
    if (before !== undefined) return before;
    const above = dirname(path);
    const isIt = (above === path || isRootsDirectory(above)) && isRootsAlone(statsOf(path));
    directories.set(path, isIt);
    return isIt;
  };
  return (pid, program) => {
    if (!program.startsWith("/") || !isRootsDirectory(dirname(program))) return false;
    const running = statsOf(`/proc/${pid}/exe`);
    if (!isRootsAlone(running)) return false;
    if (!files.has(program)) files.set(program, statsOf(program));
    return isSame(running, files.get(program)) || isAmongOurFiles(pid);
  };
}

/**
 * Whether a process sees the same files as we do, by its root directory, or by its mounts if sshd's `ChrootDirectory` has moved the root.
 * For a process whose program was upgraded since, so that another file is at its path.
 */
function isAmongOurFiles(pid: number): boolean {
  const mounts = linkOf(`/proc/${pid}/ns/mnt`);
  if (mounts !== "" && mounts === linkOf("/proc/self/ns/mnt")) return true;
  return isSame(statsOf(`/proc/${pid}/root`), statsOf("/"));
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isRootsAlone(stats: Stats | undefined): boolean {
  return stats !== undefined && stats.uid === 0 && (stats.mode & 0o022) === 0;
}

function isSame(one: Stats | undefined, other: Stats | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

/**
 * Whether a process is in a pid namespace other than ours. Our /proc shows namespaces below ours: these are containers, and their logins
 * are not this host's (pid_namespaces(7)). A process that we may not ask (as a user may not ask others') does not count as one.
 */
export function isInContainer(pid: number): boolean {
  own ??= linkOf("/proc/self/ns/pid");
  const theirs = linkOf(`/proc/${pid}/ns/pid`);
  return own !== "" && theirs !== "" && theirs !== own;
}

let own: string | undefined;
