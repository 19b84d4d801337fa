// Files that are made where others may write. Whoever owns a directory can put a link in the place of a new file between two system
// calls, so what belongs to the file is set on its descriptor, and its directory is held while work is done in it.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
  writeFileSync,
} from "node:fs";

const { O_WRONLY, O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;

/** Makes a file that is not there yet, with this mode whatever the umask. Throws where anything is at `path`, a link too. */
export function makeFile(path: string, text: string, mode: number): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, text);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/** Makes a directory, unless it is there, with this mode whatever the umask. Returns what is there. Throws where that is no directory. */
export function makeDirectory(path: string, mode: number): Stats {
  const made = mkdirUnlessThere(path);
  return withDirectory(path, (fd) => {
    const status = fstatSync(fd);
    // Ours only if nobody has put another one there since.
    if (made && status.uid === process.geteuid?.()) fchmodSync(fd, mode);
    return fstatSync(fd);
  });
}

/** Opens the very directory that is at `path`, no link, and closes it after `use`. `/proc/self/fd/N` stands in for openat(2). */
export function withDirectory<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function mkdirUnlessThere(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
