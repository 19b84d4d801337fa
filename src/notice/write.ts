// Writes to a terminal that may be held, full or gone. Nothing here blocks: `fd` is open with O_NONBLOCK.
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { getAttributes, isWritable, setInputFlags } from "../system/libc.ts";
import { REPAIR } from "./form.ts";
import { keepOutputTime } from "./output-time.ts";

const STEP_MS = 20;
const PATIENCE_MS = 1_000;
/** Ctrl-S and Ctrl-Q work (termios(3)). */
const IXON = 0o2000;

/**
 * Writes a notice. Returns whether the terminal took all of it. If it took a part, this is closed off if the terminal soon takes bytes
 * again.
 */
export async function writeNotice(fd: number, bytes: string): Promise<boolean> {
  const buffer = Buffer.from(bytes, "latin1");
  const taken = write(fd, buffer);
  if (taken > 0 && taken < buffer.length && (await becomesWritable(fd)))
    write(fd, Buffer.from(REPAIR, "latin1"));
  return taken === buffer.length;
}

/**
 * Writes the last line, in several parts if necessary, since no other program writes any more. Returns whether the terminal took all of it.
 * If its user holds it with Ctrl-S it is released: the kernel restarts output when IXON is cleared (n_tty_set_termios).
 */
export async function writeLastLine(fd: number, bytes: string): Promise<boolean> {
  if (!isWritable(fd)) releaseHold(fd);
  return writeAll(fd, bytes);
}

/** Writes in several parts if necessary. Returns whether the terminal took all of it: it gets a second for each part. */
export async function writeAll(fd: number, bytes: string): Promise<boolean> {
  let rest = Buffer.from(bytes, "latin1");
  while (rest.length > 0 && (await becomesWritable(fd))) {
    const taken = write(fd, rest);
    if (taken < 0) return false;
    rest = rest.subarray(taken);
  }
  return rest.length === 0;
}

/** Writes once. Returns the number of bytes that the terminal took: 0 if it takes none now, -1 if it is gone. */
function write(fd: number, buffer: Buffer): number {
  const putBack = keepOutputTime(fd);
  try {
    return writeSync(fd, buffer);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EAGAIN" ? 0 : -1;
  } finally {
    putBack();
  }
}

async function becomesWritable(fd: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += STEP_MS) {
    if (isWritable(fd)) return true;
    await sleep(STEP_MS);
  }
  return isWritable(fd);
}

/** Releases Ctrl-S. The flag is set again at once: if the terminal lives on after all, its Ctrl-S still works. */
function releaseHold(fd: number): void {
  const attributes = getAttributes(fd);
  if ((attributes.input & IXON) === 0) return;
  setInputFlags(fd, attributes, attributes.input & ~IXON);
  setInputFlags(fd, attributes, attributes.input);
}
