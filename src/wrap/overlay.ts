// Draws a bar over one row of a program's screen and takes it away again. Neither the program nor its screen notices. A sequence here may
// change position, styles, modes and character set; all of them are put back to the values in `state`. The program's saved cursor
// (DECSC) is not touched.
import type { Cell, ScreenState } from "./emulator.ts";
import { hasColours, isErasable, isSame, setAttributes } from "./style.ts";

const SHIFTS = ["\x0f", "\x0e", "\x1bn", "\x1bo"] as const;

/** The row for a bar: the first one, or the last if the cursor is in the first. */
export function barRow(state: ScreenState): number {
  return state.row === 0 ? state.rows - 1 : 0;
}

/**
 * Whether a bar can be drawn and removed without a trace. This needs a second row, a character set with ASCII to switch to, and a cursor
 * that can be put back to its place.
 */
export function canDraw(state: ScreenState): boolean {
  const reachable = !state.origin || (state.row >= state.top && state.row <= state.bottom);
  const shiftable = state.charset !== undefined && state.ascii.includes(true);
  return state.rows > 1 && state.columns > 1 && (state.printsAscii || shiftable) && reachable;
}

/** The output that draws `text` as a bar: printable ASCII, cut or filled to the width of the screen. */
export function drawBar(text: string, state: ScreenState): string {
  const bar = text.slice(0, state.columns).padEnd(state.columns);
  return around(state, `${moveTo(barRow(state), 0)}\x1b[0;7m\x1b[0"q\x1b]8;;\x1b\\${bar}`);
}

/** The output that restores the row under the bar. */
export function takeBar(state: ScreenState): string {
  const row = barRow(state);
  return around(state, `${moveTo(row, 0)}${cellsText(state.cells(row), row)}`);
}

/** Sets the modes to known values before `drawing`, and restores everything after it. */
function around(state: ScreenState, drawing: string): string {
  const shift = state.printsAscii ? "" : shiftTo(state.ascii.indexOf(true));
  const before = `${state.origin ? "\x1b[?6l" : ""}${state.insert ? "\x1b[4l" : ""}${shift}`;
  return `${before}${drawing}${putBack(state, shift !== "")}`;
}

/** The output that restores modes, styles and the position of the cursor. `shifted`: the characters come from a set that was shifted in. */
export function putBack(state: ScreenState, shifted: boolean): string {
  const shift = shifted ? shiftTo(state.charset ?? 0) : "";
  // Setting the origin mode moves the cursor.
  const origin = state.origin ? "\x1b[?6h" : "";
  const insert = state.insert ? "\x1b[4h" : "";
  const attributes = setAttributes(state.attributes);
  const last = lastPrinted(state);
  if (!last) return `${origin}${shift}${insert}${attributes}${cursorTo(state, state.column)}`;
  // Prints the last character again in its place, so that the next one wraps, joins or repeats it as before.
  const again = `${cursorTo(state, last.column)}${last.cell.text}`;
  // Without wrap, a wide character does not fit into the last column. Then a character of another style there is not the last one.
  const isLast = state.wraps || hasColours(last.cell.attributes, state.attributes);
  if (state.afterPrint && !state.insert && isLast) return `${origin}${shift}${attributes}${again}`;
  const as = setAttributes(last.cell.attributes);
  return `${origin}${as}${again}${shift}${attributes}${insert}`;
}

/** The character left of the cursor, if it was the last output, or if the next character wraps. */
function lastPrinted(state: ScreenState): { readonly column: number; readonly cell: Cell } | undefined {
  if (!state.wrapsNext && (!state.afterPrint || state.insert)) return undefined;
  const cells = state.cells(state.row);
  let column = state.wrapsNext ? state.columns - 1 : state.column - 1;
  if (cells[column]?.width === 0) column -= 1;
  const cell = cells[column];
  // If it was erased or scrolled away since, only a blank can be printed.
  return cell && { column, cell: { ...cell, text: cell.text || " " } };
}

function shiftTo(charset: number): string {
  return SHIFTS[charset as 0 | 1 | 2 | 3];
}

/** The output that moves the cursor. Counts from 0. */
export function moveTo(row: number, column: number): string {
  return `\x1b[${row + 1};${column + 1}H`;
}

function cursorTo({ row, origin, top }: ScreenState, column: number): string {
  return moveTo(origin ? row - top : row, column);
}

/** The output that writes the cells of a row, from its start. */
export function cellsText(cells: readonly Cell[], row: number): string {
  let text = "";
  let before: Cell | undefined;
  for (let column = 0; column < cells.length; column += 1) {
    const cell = cells[column] as Cell;
    if (cell.width === 0) continue;
    if (!before || !isSame(before.attributes, cell.attributes)) text += setAttributes(cell.attributes);
    before = cell;
    const erased = erasedFrom(cells, column);
    // Cells where nothing was printed are erased again; that moves no cursor. If half of a wide character was overwritten, the other half
    // may have a style. Only a blank can have it.
    text += erased === 0 ? cell.text || " " : `\x1b[${erased}X${moveTo(row, column + erased)}`;
    column += Math.max(0, erased - 1);
  }
  return text;
}

/** How many cells from `column` on one erase can make. */
function erasedFrom(cells: readonly Cell[], column: number): number {
  const first = cells[column] as Cell;
  if (first.text !== "" || !isErasable(first.attributes)) return 0;
  const end = cells.findIndex(
    ({ text, width, attributes }, at) =>
      at > column && (text !== "" || width !== 1 || !isSame(attributes, first.attributes)),
  );
  return (end < 0 ? cells.length : end) - column;
}
