// Makes files in directories where others may write. Between two system calls the owner of a directory can replace a new file by a link. So
// the attributes of the file are set on its descriptor, and its directory is held open meanwhile.
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

/** Makes a new file with this mode, whatever the umask. Throws if anything is at `path`, even a link. */
export function makeFile(path: string, text: string, mode: number): void {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, text);
    fchmodSync(fd, mode);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes a directory with this mode, whatever the umask, unless it exists. Returns the status of what is there. Throws if that is no
 * directory.
 */
export function makeDirectory(path: string, mode: number): Stats {
  const made = mkdirUnlessThere(path);
  return withDirectory(path, (fd) => {
    const status = fstatSync(fd);
    // It is ours only if nobody has put another one there since.
    if (made && status.uid === process.geteuid?.()) fchmodSync(fd, mode);
    return fstatSync(fd);
  });
}

/**
 * Opens exactly the directory that is at `path`, no link, and closes it after `use`. Returns what `use` returns. `/proc/self/fd/N` replaces
 * openat(2).
 */
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
