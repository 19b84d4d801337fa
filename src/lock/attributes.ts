// The attributes and the owner of a locked terminal: kept, taken, held and given back.
import { fchmodSync, fchownSync, fstatSync, type Stats } from "node:fs";
import { SystemCallError } from "../system/libc.ts";
import {
  CONTROLS_AT,
  changeFlags,
  flushInput,
  INPUT_AT,
  LOCAL_AT,
  lockTermios,
  OUTPUT_AT,
  readTermios,
  restoreDiscipline,
  setExclusive,
  writeTermios,
} from "../system/tty-lock.ts";
import { insertHalfTyped, readHalfTyped } from "./half-typed.ts";
import type { LockRecord } from "./record.ts";

// termios(3), asm-generic/termbits.h; the same on x86-64 and arm64.
const IXON = 0o2000;
const OPOST = 0o1;
const ONLCR = 0o4;
/** ISIG, ICANON, ECHO, ECHONL, IEXTEN. */
const LOCAL = 0o1 | 0o2 | 0o10 | 0o100 | 0o100000;
const VTIME_AT = CONTROLS_AT + 5;
const VMIN_AT = CONTROLS_AT + 6;

const PERMISSIONS = 0o7777;
const FOR_ROOT = 0o600;

/** What a terminal had before it was locked. */
export type Kept = Pick<LockRecord, "termios" | "owner">;

/** Reads what is to be given back. Throws if the terminal is gone. */
export function keep(fd: number): Kept {
  const { uid, gid, mode } = fstatSync(fd);
  return { termios: readTermios(fd).toString("hex"), owner: { uid, gid, mode: mode & PERMISSIONS } };
}

/**
 * Takes a terminal: every key comes as it is and nothing is echoed, no signal is sent for keys, what was typed before is forgotten. Nobody can
 * change that, and only root can open the terminal. Returns what stands half-typed on the screen. Throws if the terminal is gone.
 */
export function take(fd: number, kept: Kept): Buffer {
  setLocked(fd, kept);
  const halfTyped = readHalfTyped(fd, kept);
  flushInput(fd);
  return halfTyped;
}

/**
 * Takes a terminal again if somebody has changed its attributes, its owner or its line discipline: who has it open needs no rights for that,
 * and with another discipline it has no attributes. Returns whether that was so. Throws if it is gone.
 */
export function hold(fd: number, kept: Kept): boolean {
  const isHeld = !restoreDiscipline(fd) && isTaken(fd) && readTermios(fd).equals(lockedForm(kept));
  if (!isHeld) setLocked(fd, kept);
  return !isHeld;
}

/** The owner first: whoever finds the locker gone knows a locked terminal by it (`isTaken`). */
function setLocked(fd: number, kept: Kept): void {
  takeAlone(fd, kept);
  unlessRefused(() => lockTermios(fd, false));
  writeTermios(fd, lockedForm(kept));
  unlessRefused(() => lockTermios(fd, true));
}

/** Makes a terminal root's alone: nobody else can open it any more. What is open stays open. Throws if the terminal is gone. */
export function takeAlone(fd: number, { owner }: Pick<Kept, "owner">): void {
  fchownSync(fd, 0, owner.gid);
  fchmodSync(fd, FOR_ROOT);
  setExclusive(fd, true);
}

/** Whether a terminal is root's alone, as `take` makes it. sshd makes none so, even for root (`pty_setowner` of OpenSSH). */
export function isTaken(fd: number): boolean {
  return looksTaken(fstatSync(fd));
}

/** The same, for the status of a terminal. */
export function looksTaken({ uid, mode }: Pick<Stats, "uid" | "mode">): boolean {
  return uid === 0 && (mode & PERMISSIONS) === FOR_ROOT;
}

/**
 * Gives a terminal back as it was, with what was half-typed. What was typed meanwhile is forgotten. A step that fails stops no other: its error
 * is returned.
 */
export function giveBack(
  fd: number,
  { termios, owner }: Kept,
  halfTyped: Buffer = Buffer.alloc(0),
): unknown[] {
  const steps = [
    () => restoreDiscipline(fd),
    () => flushInput(fd),
    () => unlessRefused(() => lockTermios(fd, false)),
    () => insertHalfTyped(fd, { termios }, halfTyped),
    () => writeTermios(fd, Buffer.from(termios, "hex")),
    () => setExclusive(fd, false),
    () => fchownSync(fd, owner.uid, owner.gid),
    // After the owner: to change that clears bits of the mode (chown(2)).
    () => fchmodSync(fd, owner.mode),
  ];
  return steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      return [error];
    }
  });
}

/** The attributes of a locked terminal. */
function lockedForm({ termios }: Kept): Buffer {
  const bytes = Buffer.from(termios, "hex");
  changeFlags(bytes, INPUT_AT, IXON);
  changeFlags(bytes, OUTPUT_AT, 0, OPOST | ONLCR);
  changeFlags(bytes, LOCAL_AT, LOCAL);
  bytes[VTIME_AT] = 0;
  bytes[VMIN_AT] = 1;
  return bytes;
}

/**
 * In a container root may not lock attributes. Then a background job can switch echo on, until the next look at them.
 */
function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "EPERM") throw error;
  }
}
