// What program a process runs: whether that is an sshd, and whether root alone can have put it there.
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { linkOf } from "./descriptors.ts";

/** What OpenSSH calls its programs that hold a login: `sshd`, and from 9.8 on `sshd-session`. */
const SSHD_NAMES = new Set(["sshd", "sshd-session"]);
/**
 * With this an sshd makes the title of its privileged process (OpenSSH, monitor.c and sshd-session.c), and no other program that
 * Debian ships has it. So an sshd is known under any name; `pam/watchdog` goes by the same.
 */
const TITLE_FORMAT = "%s [priv]";
/** An sshd with all its libraries inside is smaller. */
const LARGEST_PROGRAM = 16 << 20;

/**
 * Where the program of a process is, as our mounts show it; empty where we may not ask (the sshds of a login, to its user), and for
 * a process that is gone. After an upgrade the file's name ends in ` (deleted)` (proc_pid_exe(5)): that is left out.
 */
export function programOf(pid: number): string {
  return linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
}

/** Whether a program has the name of an sshd of a login. */
export function isNamedSshd(program: string): boolean {
  return SSHD_NAMES.has(basename(program));
}

/** Whether a process runs an sshd, by the name of its program or by what is in it. `program` is what `programOf` told. */
export function runsSshd(pid: number, program: string): boolean {
  return isNamedSshd(program) || holdsTitleFormat(pid);
}

const known = new Map<string, boolean>();

/** Reads the program of a process, each only once. Opened through /proc it is the one that runs, whatever is at its path by now. */
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
 * Tells whether a process runs a program of the host's that only root can have put there: file and directories up to `/` are root's,
 * and nobody else may write to them. A path alone proves nothing: in a mount namespace of their own users put there what they like.
 * For the processes of one survey: what it asks of a path it asks once.
 */
export function rootsPrograms(): (pid: number, program: string) => boolean {
  const directories = new Map<string, boolean>();
  const files = new Map<string, Stats | undefined>();
  // From the top down: below a directory of a user's may be a file system of theirs that never answers.
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
 * Whether a process sees the files that we see, by its root directory or, where sshd's `ChrootDirectory` has moved it, by its mounts.
 * For one whose program was upgraded since, so that another file is at its path.
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
 * Whether a process is in a pid namespace other than ours. Those below ours are seen in our /proc, and are containers: their logins
 * are not this host's (pid_namespaces(7)). What we may not ask, as a user may not of others, is not taken for one.
 */
export function isInContainer(pid: number): boolean {
  own ??= linkOf("/proc/self/ns/pid");
  const theirs = linkOf(`/proc/${pid}/ns/pid`);
  return own !== "" && theirs !== "" && theirs !== own;
}

let own: string | undefined;
