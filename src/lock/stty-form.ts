// The attributes of a terminal in the form that stty(1) takes: a shell can give them back without this program.
import { CONTROLS_AT, TERMIOS_BYTES } from "../system/tty-lock.ts";

/** The control characters that stty names; the kernel's structure has fewer, and the others are 0. */
const CONTROL_CHARACTERS = 32;

/** What `stty -g` would print for a `struct termios` of the kernel: four words of flags, then the control characters, in hex. */
export function sttyForm(termios: Buffer): string {
  const flags = [0, 4, 8, 12].map((offset) => termios.readUInt32LE(offset));
  const characters = Array.from({ length: CONTROL_CHARACTERS }, (_, index) => {
    const at = CONTROLS_AT + index;
    return at < TERMIOS_BYTES ? (termios[at] ?? 0) : 0;
  });
  return [...flags, ...characters].map((value) => value.toString(16)).join(":");
}
