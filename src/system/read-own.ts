import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * The text of a file that this user's programs have written; `undefined` if it is another user's, may be written by others, is no regular
 * file or has more than `most` bytes. Throws if there is none.
 */
export function readOwn(path: string, most: number): string | undefined {
  // O_NONBLOCK: never wait for the other end of a FIFO that somebody has put there.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = fstatSync(fd);
    const isOwn = status.uid === process.geteuid?.() && (status.mode & WRITABLE_BY_OTHERS) === 0;
    return isOwn && status.isFile() && status.size <= most ? readFileSync(fd, "utf8") : undefined;
  } finally {
    closeSync(fd);
  }
}
