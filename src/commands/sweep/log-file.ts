import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Opens a file that only root can have written to and returns what appends a line to it. Throws where it is anything else. */
export function openLog(path: string): (line: string) => void {
  // O_NONBLOCK: a FIFO that somebody has put there must not hold the sweep up.
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const status = fstatSync(fd);
  // A second name: in a directory of theirs somebody may have linked /etc/passwd here.
  if (!status.isFile() || status.nlink > 1 || status.uid !== 0 || (status.mode & 0o022) !== 0) {
    closeSync(fd);
    throw new Error(
      `${path} must be a plain file of one name that belongs to root and is writable by nobody else`,
    );
  }
  return (line) => void writeSync(fd, `${line}\n`);
}
