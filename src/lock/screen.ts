// The bytes that take a screen from the programs that were stopped, draw the lock on it, and give it back. Pure. Sequences as in xterm's
// ctlseqs. What the programs had there is not visible meanwhile, and is as it was afterwards; on the alternate screen they draw it again.

import { usableSize } from "../notice/form.ts";
import type { WindowSize } from "../system/libc.ts";
import { fittingText } from "./fit.ts";
import { type AskedMode, isAlternate, type ScreenState } from "./questions.ts";
import type { ScreenText } from "./screen-text.ts";

export type { ScreenState } from "./questions.ts";

const ESC = "\x1b";
const BEL = "\x07";
/** Ends what a stopped program was writing: a control sequence (CAN), a string (ST). */
const CLEAN = `\x18${ESC}\\`;
const PLAIN = `${ESC}[0m`;
const SAVE_CURSOR = `${ESC}7`;
const RESTORE_CURSOR = `${ESC}8`;
/** Also keeps the cursor, and clears the other screen. */
const OTHER_SCREEN = `${ESC}[?1049h`;
const MAIN_SCREEN = `${ESC}[?1049l`;
const ERASE_LINE = `${ESC}[K`;
const ERASE_BELOW = `${ESC}[J`;
/** Keys as plain bytes, whatever a program has asked for, and back (the keyboard protocol of kitty). Each screen has its own. */
const PLAIN_KEYS = `${ESC}[>0u`;
const KEYS_BACK = `${ESC}[<u`;

/**
 * Where a mode is on that hinders a lock, it is turned off: output that is held back, mouse and focus reports, brackets around a paste. The
 * forms of mouse reports are set again for terminals that forget them with the reports.
 */
const HINDERING: readonly AskedMode[] = [2026, 9, 1000, 1002, 1003, 1004, 2004];
const FORMS: readonly AskedMode[] = [1006, 1015];
const ORIGIN = 6;
const CURSOR = 25;

const set = (mode: number) => `${ESC}[?${mode}h`;
const reset = (mode: number) => `${ESC}[?${mode}l`;
const at = (row: number, column = 1) => `${ESC}[${row};${column}H`;

/** Takes the screen: an empty one, a visible cursor, one bell. Call it once; `drawScreen` follows. */
export function takeScreen(state: ScreenState, size: WindowSize): string {
  const off = HINDERING.filter((mode) => state.modes[mode] === "on").map(reset);
  const keep = isAlternate(state) ? SAVE_CURSOR : OTHER_SCREEN;
  const origin = state.modes[ORIGIN] === "on" ? reset(ORIGIN) : "";
  const cursor = state.modes[CURSOR] === "on" ? "" : set(CURSOR);
  const keys = state.answers ? PLAIN_KEYS : "";
  return `${CLEAN}${off.join("")}${keep}${keys}${origin}${cursor}${PLAIN}${emptyRows(size)}${BEL}`;
}

/** Draws over everything there, without a moment in which the screen is empty. The cursor stands behind the prompt. */
export function drawScreen(text: ScreenText, size: WindowSize): string {
  const { rows, prompt } = fittingText(text, usableSize(size));
  const drawn = [...rows, prompt].map((row, index) => `${at(index + 1)}${row}${ERASE_LINE}`).join("");
  const below = rows.length + 1 < usableSize(size).rows ? `${at(rows.length + 2)}${ERASE_BELOW}` : "";
  return `${PLAIN}${drawn}${below}${at(rows.length + 1, prompt.length + 1)}`;
}

/** Gives the screen back with its modes and its cursor. On the alternate screen it is empty then: the program has to draw it again. */
export function giveScreenBack(state: ScreenState): string {
  const on = [...HINDERING, ...FORMS].filter((mode) => state.modes[mode] === "on").map(set);
  const keys = state.answers ? KEYS_BACK : "";
  const origin = state.modes[ORIGIN] === "on" ? set(ORIGIN) : "";
  const cursor = state.modes[CURSOR] === "off" ? reset(CURSOR) : "";
  const empty = `${PLAIN}${at(1)}${ERASE_BELOW}`;
  const back = isAlternate(state) ? `${origin}${RESTORE_CURSOR}` : `${origin}${MAIN_SCREEN}`;
  return `${CLEAN}${empty}${keys}${back}${cursor}${on.join("")}`;
}

/** Row by row, and what is below the rows that we know of. */
function emptyRows(size: WindowSize): string {
  const { rows } = usableSize(size);
  return Array.from({ length: rows }, (_, row) => `${at(row + 1)}${ERASE_LINE}`).join("") + ERASE_BELOW;
}
