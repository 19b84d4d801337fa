// Finds out whether somebody else reads a locked terminal, however well they hide: a byte that we type ourselves must come to us. Not every
// reader can be found. A terminal can be in flight in a socket or a part of an io_uring, a stopped program can be let continue for a moment,
// a tracer can keep one from being stopped, and /dev/tty does not tell which terminal it is.
import { fstatSync } from "node:fs";
import { SystemCallError, setAccessedTime, unreadBytes } from "../system/libc.ts";
import { typeByte } from "../system/tty-lock.ts";
import { readNow } from "./terminal-io.ts";

/** What was read at a terminal. */
export interface Probed {
  /** What was typed, without our own bytes. */
  readonly typed: Buffer;
  /** Whether our byte was taken by somebody else. */
  readonly isRead: boolean;
}

/** No answer can have it in it: PAM's answers are strings of C. */
const OURS = 0;
/** The kernel keeps 4096 bytes, and drops what comes when there are so many. */
const MUCH = 1_024;

/**
 * Types a byte at a terminal and reads until it comes. Leaves the time of the last input alone unless somebody has typed. Throws
 * `TerminalGone`, or the kernel's error.
 */
export function probe(fd: number): Probed {
  const { atimeNs } = fstatSync(fd, { bigint: true });
  const isAsked = unreadBytes(fd) < MUCH && typesOurs(fd);
  const pieces: Buffer[] = [];
  let length = 0;
  let isHere = false;
  while (!isHere && length < MUCH) {
    const piece = readNow(fd);
    if (piece.length === 0) break;
    length += piece.length;
    isHere = piece.includes(OURS);
    pieces.push(piece);
  }
  const typed = withoutOurs(pieces);
  if (typed.length === 0) setAccessedTime(fd, atimeNs);
  return { typed, isRead: isAsked && !isHere && length < MUCH };
}

/** Whether that worked. In a container it does not: root has too few rights there. */
function typesOurs(fd: number): boolean {
  try {
    typeByte(fd, OURS);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

/** All that was typed in one buffer; the others are filled with 0. */
function withoutOurs(pieces: readonly Buffer[]): Buffer {
  const typed = Buffer.alloc(pieces.reduce((sum, { length }) => sum + length, 0));
  let length = 0;
  for (const piece of pieces) {
    for (const byte of piece) if (byte !== OURS) typed[length++] = byte;
    piece.fill(0);
  }
  return typed.subarray(0, length);
}
