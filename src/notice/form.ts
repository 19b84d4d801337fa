// The bytes that put a text on a terminal while another program, which does not know of it, owns the screen. Pure.
// Control functions as in ECMA-48 and xterm's ctlseqs. Only the last line changes a charset, title or mode.
import type { WindowSize } from "../system/libc.ts";

/** `prompt`: lines inserted above the line being typed. `bar`: row 1, over a full-screen program. `bell`: no room for either. */
export type Form = "prompt" | "bar" | "bell";

const CAN = "\x18";
const ESC = "\x1b";
export const BEL = "\x07";
const NEXT_ROW = "\r\n";
const REVERSE = `${ESC}[0;7m`;
const PLAIN = `${ESC}[0m`;
const SAVE_CURSOR = `${ESC}7`;
const RESTORE_CURSOR = `${ESC}8`;
/** Down one row in the same column; scrolls at the bottom. */
const INDEX = `${ESC}D`;

/** Ends what a partly written notice began: a sequence that was cut off, reverse video, a moved cursor. */
export const REPAIR = `${CAN}${PLAIN}${RESTORE_CURSOR}`;

/** The size to write for. If nobody has set one it is 24 × 80, as programs assume too. */
export function usableSize({ rows, columns }: WindowSize): WindowSize {
  return { rows: rows || 24, columns: columns || 80 };
}

/** The form that fits: a prompt form needs two rows, and in some emulators a text in the last column would wrap. */
export function fittingForm(wanted: "prompt" | "bar", size: WindowSize): Form {
  const { rows, columns } = usableSize(size);
  return rows < 2 || columns < 2 ? "bell" : wanted;
}

/**
 * Inserts lines above the one being typed, as many as there are rows for. It scrolls to make room, then moves the rows from the cursor
 * down. So prompt, typed text and cursor stay together, and no program has to draw them again. CAN is first, so that an open sequence of
 * another writer swallows nothing.
 */
export function promptBytes(lines: readonly string[], size: WindowSize): string {
  const { rows } = usableSize(size);
  const fitting = lines.slice(0, rows - 1);
  const count = fitting.length;
  const text = fitting.map((line) => `${REVERSE}${line}${PLAIN}`).join(NEXT_ROW);
  const makeRoom = `${CAN}${INDEX.repeat(count)}${ESC}[${count}A`;
  return `${makeRoom}${SAVE_CURSOR}\r${ESC}[${count}L${text}${RESTORE_CURSOR}${ESC}[${count}B`;
}

/** A bar on row 1: programs ask their questions on the last row. */
export function barBytes(text: string, size: WindowSize): string {
  const padded = text.padEnd(usableSize(size).columns - 1);
  return `${CAN}${SAVE_CURSOR}${ESC}[1;1H${REVERSE}${padded}${PLAIN}${RESTORE_CURSOR}`;
}

/** Private modes that a full-screen program may leave on: synchronized output, mouse reports, focus reports, bracketed paste. */
const MODES_OFF = [2026, 1000, 1002, 1003, 1006, 1015, 1004, 2004, 9]
  .map((mode) => `${ESC}[?${mode}l`)
  .join("");

/** Back to the main screen. Without the first ESC 7 most emulators move the cursor if they are already on the main screen. */
const MAIN_SCREEN = `${SAVE_CURSOR}${ESC}[?1049l`;
/** The whole screen scrolls again. Setting the margins moves the cursor, so it is saved. */
const NO_MARGINS = `${SAVE_CURSOR}${ESC}[r${RESTORE_CURSOR}`;
/** Normal cursor keys and keypad, replace mode, wrapping, visible cursor in the default shape, ASCII, no colours. */
const SANE = `${ESC}[?1l${ESC}>${ESC}[4l${ESC}[?7h${ESC}[?25h${ESC}[0 q\x0f${ESC}(B${PLAIN}`;

/** The last line: puts the user's own terminal in the state that a shell needs, then writes the text, wrapped to the size. */
export function farewellBytes(text: string, size: WindowSize): string {
  const width = Math.max(1, usableSize(size).columns - 1);
  const lines = wrap(text, width).map((line) => `${line}${ESC}[K${NEXT_ROW}`);
  return `${CAN}${ESC}\\${MODES_OFF}${MAIN_SCREEN}${NO_MARGINS}${SANE}${NEXT_ROW}${lines.join("")}`;
}

/** Breaks a text into lines of at most `width` characters (at least 1), between words where that is possible. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
