// Reads a file at a path that a user controls, as root. The path may lead to a device, a FIFO, or a kernel file that does something when
// read. So the file is looked at before it is opened, and then read as the user, as sshd does.
import { spawnSync } from "node:child_process";
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";

/** Opens nothing: no driver is called, and nothing blocks (open(2)). The value is that of x86 and ARM; Node has no name for it. */
const O_PATH = 0o10000000;
/** Far more than anybody's keys need. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A file on a server that does not answer must not block an install for ever. */
const MOST_MS = 10_000;
const WRITABLE_BY_OTHERS = 0o022;

/** The user to read a file as. `groups`: also with all groups that the system knows for this user. */
export interface Reader {
  readonly uid: number;
  readonly gid: number;
  readonly groups: boolean;
}

/** The text, `undefined` for anything that sshd would take no keys from, or the reason why it cannot be read. */
export type KeyFile = { readonly text: string } | { readonly fault: string } | undefined;

/** Reads a file of keys. Follows links, as sshd does. Throws the errors of open(2). */
export function readKeyFile(path: string, reader: () => Reader): KeyFile {
  const fd = openSync(path, O_PATH);
  try {
    const { size, mode } = fstatSync(fd);
    // sshd takes keys from regular files only. Kernel files that do something when read have size 0.
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size === 0) return undefined;
    if (size > MOST_BYTES) return { fault: "a file of keys too large to be read" };
    return isRoots(path) ? { text: readAsRoot(fd) } : readAs(reader(), fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether only root controls what is at a path: no part of it is a link or can be changed by others. */
export function isRoots(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  // The mode of a link has all bits set (symlink(7)).
  if (uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0) return false;
  return path === "/" || isRoots(dirname(path));
}

function readAsRoot(pinned: number): string {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(`/proc/self/fd/${pinned}`, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    // The file may grow while it is read.
    const bytes = Buffer.alloc(MOST_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < MOST_BYTES; length += read)
      read = readSync(fd, bytes, length, MOST_BYTES - length, null);
    return bytes.toString("latin1", 0, length);
  } finally {
    closeSync(fd);
  }
}

/** A process of its own: seteuid(2) would affect every thread of this one. It opens the file that was looked at, not the path again. */
function readAs({ uid, gid, groups }: Reader, pinned: number): KeyFile {
  const ids = ["--reuid", String(uid), "--regid", String(gid), groups ? "--init-groups" : "--clear-groups"];
  const args = [...ids, "--", "/usr/bin/head", "-c", String(MOST_BYTES), "/proc/self/fd/3"];
  const { status, stdout, stderr, error } = spawnSync("/usr/bin/setpriv", args, {
    cwd: "/",
    env: { LC_ALL: "C" },
    encoding: "latin1",
    stdio: ["ignore", "pipe", "pipe", pinned],
    timeout: MOST_MS,
    killSignal: "SIGKILL",
    maxBuffer: MOST_BYTES + 1,
  });
  if (status === 0) return { text: stdout };
  // sshd also reads it as the user, so sshd takes no keys from it.
  if (/: Permission denied$/m.test(stderr)) return undefined;
  return { fault: `keys that cannot be read (${error?.message ?? (stderr.trim() || "no answer")})` };
}
