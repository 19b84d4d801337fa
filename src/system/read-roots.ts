import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * The text of a file that only root can have written; `undefined` if there is none, it is no regular file of root's, others may write it, or it
 * has more than `mostBytes`. Never throws.
 */
export function readRoots(path: string, mostBytes: number): string | undefined {
  try {
    // O_NONBLOCK: never wait for the other end of a FIFO that somebody has put there.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(fd);
      const isRoots = status.isFile() && status.uid === 0 && (status.mode & WRITABLE_BY_OTHERS) === 0;
      return isRoots && status.size <= mostBytes ? readFileSync(fd, "utf8") : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
