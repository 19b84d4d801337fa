// Reading a file at a place that a user decides on, as root: the path may lead to a device, a FIFO, or a file of the kernel's whose
// reading does something. So it is looked at before it is opened, and then read as the user reads it, which is what sshd does.
import { spawnSync } from "node:child_process";
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";

/** Opens nothing: no driver is asked, nobody is waited for (open(2)). Of x86 and ARM alike; Node has no name for it. */
const O_PATH = 0o10000000;
/** Far more than the keys of anybody. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A file on a server that does not answer must not hold up an installation for ever. */
const MOST_MS = 10_000;
const WRITABLE_BY_OTHERS = 0o022;

/** Whom a file is read as. `groups`: with all the groups that the system knows the user in. */
export interface Reader {
  readonly uid: number;
  readonly gid: number;
  readonly groups: boolean;
}

/** What is there: text, nothing that sshd would take keys from, or why it cannot be read. */
export type KeyFile = { readonly text: string } | { readonly fault: string } | undefined;

/** Reads a file of keys. Links are followed, as sshd does. Throws what open(2) fails with. */
export function readKeyFile(path: string, reader: () => Reader): KeyFile {
  const fd = openSync(path, O_PATH);
  try {
    const { size, mode } = fstatSync(fd);
    // sshd takes keys from regular files only; those of the kernel that are not just there to be read have no size.
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size === 0) return undefined;
    if (size > MOST_BYTES) return { fault: "a file of keys too large to be read" };
    return isRoots(path) ? { text: readAsRoot(fd) } : readAs(reader(), fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether nobody but root decides what is at a path: no part of it is a link, or can be changed by others. */
export function isRoots(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  // A link has all bits of a mode (symlink(7)).
  if (uid !== 0 || (mode & WRITABLE_BY_OTHERS) !== 0) return false;
  return path === "/" || isRoots(dirname(path));
}

function readAsRoot(pinned: number): string {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(`/proc/self/fd/${pinned}`, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    // It may grow meanwhile.
    const bytes = Buffer.alloc(MOST_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < MOST_BYTES; length += read)
      read = readSync(fd, bytes, length, MOST_BYTES - length, null);
    return bytes.toString("latin1", 0, length);
  } finally {
    closeSync(fd);
  }
}

/** In a process of its own: seteuid(2) would concern all threads of this one. What it opens is what was looked at, whatever is at the path. */
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
  // sshd, which reads it as the user too, takes no keys from it.
  if (/: Permission denied$/m.test(stderr)) return undefined;
  return { fault: `keys that cannot be read (${error?.message ?? (stderr.trim() || "no answer")})` };
}
