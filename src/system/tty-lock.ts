// What a terminal is locked with: its attributes as bytes, their lock in the kernel, and who may open it (ioctl_tty(2)).
import koffi from "koffi/indirect";
import { SystemCallError } from "./libc.ts";

const libc = koffi.load("libc.so.6");
const ioctlBytes = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *value)");
const ioctlNumber = libc.func("int ioctl(int fd, unsigned long request, long value)");

// asm-generic/ioctls.h; the same on x86-64 and arm64.
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCFLSH = 0x540b;
const TIOCEXCL = 0x540c;
const TIOCNXCL = 0x540d;
const TIOCSTI = 0x5412;
const TIOCSETD = 0x5423;
const TIOCGETD = 0x5424;
const TIOCSLCKTRMIOS = 0x5457;
/** The line discipline of terminals that people type at. */
const N_TTY = 0;
/** The input queue, for TCFLSH. */
const TCIFLUSH = 0;

/** The size of the kernel's `struct termios`: four words of flags, the line discipline, and 19 control characters (asm-generic/termbits.h). */
export const TERMIOS_BYTES = 36;
/** Where it has the flags of input, output and local modes, and the control characters. */
export const INPUT_AT = 0;
export const OUTPUT_AT = 4;
export const LOCAL_AT = 12;
export const CONTROLS_AT = 17;

/** Clears and sets flags in one of the words of attributes. */
export function changeFlags(termios: Buffer, at: number, clear: number, set = 0): void {
  termios.writeUInt32LE(((termios.readUInt32LE(at) & ~clear) | set) >>> 0, at);
}

/** The attributes of a terminal as the kernel keeps them. Throws `SystemCallError`. */
export function readTermios(fd: number): Buffer {
  const bytes = Buffer.alloc(TERMIOS_BYTES);
  control(fd, TCGETS, bytes, "TCGETS");
  return bytes;
}

/** Sets all attributes at once; those that are locked stay as they are. Throws `SystemCallError`. */
export function writeTermios(fd: number, termios: Buffer): void {
  if (termios.length !== TERMIOS_BYTES) throw new Error(`${termios.length} bytes are no attributes`);
  control(fd, TCSETS, termios, "TCSETS");
}

/** Locks every attribute against everybody, root too, or none (TIOCSLCKTRMIOS). Needs CAP_SYS_ADMIN on the host. Throws `SystemCallError`. */
export function lockTermios(fd: number, isLocked: boolean): void {
  control(fd, TIOCSLCKTRMIOS, Buffer.alloc(TERMIOS_BYTES, isLocked ? 0xff : 0), "TIOCSLCKTRMIOS");
}

/** Types a byte at a terminal, as if its user did. Needs CAP_SYS_ADMIN (ioctl_tty(2), TIOCSTI). Throws `SystemCallError`. */
export function typeByte(fd: number, byte: number): void {
  control(fd, TIOCSTI, Buffer.of(byte), "TIOCSTI");
}

/** Gives a terminal its usual line discipline, N_TTY, if it has another. Returns whether it had. Throws `SystemCallError`. */
export function restoreDiscipline(fd: number): boolean {
  const discipline = Buffer.alloc(4);
  control(fd, TIOCGETD, discipline, "TIOCGETD");
  if (discipline.readInt32LE() === N_TTY) return false;
  control(fd, TIOCSETD, Buffer.alloc(4), "TIOCSETD");
  return true;
}

/** Forgets what was typed and not yet read. Throws `SystemCallError`. */
export function flushInput(fd: number): void {
  if (ioctlNumber(fd, TCFLSH, TCIFLUSH) < 0) throw new SystemCallError("ioctl TCFLSH");
}

/** Puts bytes into the input queue, as if they were typed. Needs CAP_SYS_ADMIN on the host. Throws `SystemCallError`. */
export function insertInput(fd: number, bytes: Buffer): void {
  for (const byte of bytes) typeByte(fd, byte);
}

/** Whether nobody but root may open the terminal any more, whatever the mode of its file. Throws `SystemCallError`. */
export function setExclusive(fd: number, isExclusive: boolean): void {
  if (ioctlNumber(fd, isExclusive ? TIOCEXCL : TIOCNXCL, 0) < 0)
    throw new SystemCallError("ioctl TIOCEXCL or TIOCNXCL");
}

function control(fd: number, request: number, bytes: Buffer, name: string): void {
  if (ioctlBytes(fd, request, bytes) < 0) throw new SystemCallError(`ioctl ${name}`);
}
