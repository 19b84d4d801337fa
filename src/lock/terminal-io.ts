// A locked terminal as something to write to and to read from. Nothing here blocks this process: the descriptor is open with O_NONBLOCK.
import { readSync } from "node:fs";
import { writeAll } from "../notice/write.ts";
import { waitReadable } from "../system/wait-readable.ts";
import type { TerminalIo } from "./questions.ts";

/** Thrown if the terminal is gone. */
export class TerminalGone extends Error {
  constructor() {
    super("the terminal is gone");
  }
}

const PIECE_BYTES = 4096;

export function ioOf(fd: number): TerminalIo {
  return { write: (bytes) => writeAll(fd, bytes), read: (withinMs) => readWithin(fd, withinMs) };
}

/** What comes within that time. Throws `TerminalGone`. */
async function readWithin(fd: number, withinMs: number): Promise<Buffer> {
  const arrival = await waitReadable(fd, withinMs);
  if (arrival === "gone") throw new TerminalGone();
  return arrival === "bytes" ? readNow(fd) : Buffer.alloc(0);
}

/** What has come, at most a piece; empty for nothing. Throws `TerminalGone`. The caller fills it with 0. */
export function readNow(fd: number): Buffer {
  // Memory of its own, so that no copy of a key stays in a pool of buffers.
  const bytes = Buffer.alloc(PIECE_BYTES);
  try {
    const count = readSync(fd, bytes);
    // No sign of the end: where attributes cannot be locked, a job can ask for reads that do not wait (VMIN 0).
    return bytes.subarray(0, count);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EAGAIN") return Buffer.alloc(0);
    throw code === "EIO" ? new TerminalGone() : error;
  }
}
