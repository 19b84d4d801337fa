import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Opens a file that only root can write to. Returns a function that appends a line. Throws if it is any other file. */
export function openLog(path: string): (line: string) => void {
  // O_NONBLOCK: a FIFO in its place must not block the sweep.
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const status = fstatSync(fd);
  // More than one link: in a directory of theirs, somebody may have linked /etc/passwd to this name.
  if (!status.isFile() || status.nlink > 1 || status.uid !== 0 || (status.mode & 0o022) !== 0) {
    closeSync(fd);
    throw new Error(
      `${path} must be a regular file without a second hard link, owned by root and writable by nobody else`,
    );
  }
  return (line) => void writeSync(fd, `${line}\n`);
}
