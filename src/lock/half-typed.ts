// The line that somebody has begun to type at a program that reads whole lines (cat, dash): the kernel keeps it, and it stands on the screen.
import { ICANON } from "../system/libc.ts";
import {
  CONTROLS_AT,
  changeFlags,
  INPUT_AT,
  insertInput,
  LOCAL_AT,
  writeTermios,
} from "../system/tty-lock.ts";
import type { LockRecord } from "./record.ts";
import { readNow } from "./terminal-io.ts";

// termios(3), asm-generic/termbits.h; the same on x86-64 and arm64.
const ECHO = 0o10;
/** ISIG, ECHO, ECHONL, IEXTEN. */
const LOCAL = 0o1 | ECHO | 0o100 | 0o100000;
/** ISTRIP, INLCR, IGNCR, ICRNL, IUCLC, IXON. */
const INPUT = 0o40 | 0o100 | 0o200 | 0o400 | 0o1000 | 0o2000;
/** VERASE, VKILL, VEOF, VEOL, VEOL2: the control characters that a line is edited and ended with. 0 switches one off. */
const EDITING_AT = [2, 3, 4, 11, 16].map((character) => CONTROLS_AT + character);

type Attributes = Pick<LockRecord, "termios">;

/**
 * Takes what was typed out of the input queue, whole lines too. The attributes are already those of a lock. Empty unless it can be seen on the
 * screen, since it could be half a password, and plain text. Throws if the terminal is gone.
 */
export function readHalfTyped(fd: number, { termios }: Attributes): Buffer {
  const local = Buffer.from(termios, "hex").readUInt32LE(LOCAL_AT);
  if ((local & ICANON) === 0 || (local & ECHO) === 0) return Buffer.alloc(0);
  const bytes = readNow(fd);
  if (bytes.every(isText)) return bytes;
  bytes.fill(0);
  return Buffer.alloc(0);
}

/** Puts it back, unseen, since it stands on the screen; fills it with 0. The attributes are others then. Throws if that fails. */
export function insertHalfTyped(fd: number, { termios }: Attributes, bytes: Buffer): void {
  if (bytes.length === 0) return;
  const quiet = Buffer.from(termios, "hex");
  changeFlags(quiet, INPUT_AT, INPUT);
  changeFlags(quiet, LOCAL_AT, LOCAL);
  for (const at of EDITING_AT) quiet[at] = 0;
  writeTermios(fd, quiet);
  try {
    insertInput(fd, bytes);
  } finally {
    bytes.fill(0);
  }
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 0x0a || byte === 0x09;
}
