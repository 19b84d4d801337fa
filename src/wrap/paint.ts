// Paints the model's screen on a terminal that shows another one: after a lock, where too much was written meanwhile to write it again.
import {
  type Cell,
  type Emulator,
  keptOf,
  looksOf,
  mainScreenOf,
  type ScreenState,
  stateOf,
} from "./emulator.ts";
import { cellsText, moveTo, putBack } from "./overlay.ts";

/** What the terminal shows now, as far as it matters. */
export interface Shows {
  readonly isAlternate: boolean;
  /** Whether the main screen is not as in the model. */
  readonly isMainStale: boolean;
}

const MAIN = "\x1b[?1049l";
const ALTERNATE = "\x1b[?1049h";
/** Nothing that a program has set changes what is drawn: no origin, insert mode or margins, wrap on, ASCII in G0. */
const PLAIN = "\x1b[?2026l\x1b[?6l\x1b[4l\x1b[r\x1b[?7h\x1b(B\x0f";
const DESIGNATE = ["(", ")", "*", "+"] as const;
const MOUSE = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 } as const;
const STYLES = { block: 1, underline: 3, bar: 5 } as const;

/** The output after which a terminal shows what the model shows, with its modes. Nothing is added to the scrollback. */
export function paint(emulator: Emulator, { isAlternate, isMainStale }: Shows): string {
  const state = stateOf(emulator);
  const isAlternateNow = emulator.buffer.active.type === "alternate";
  const drawsMain = isAlternateNow && isMainStale;
  const toMain = isAlternate && (drawsMain || !isAlternateNow) ? MAIN : "";
  const toAlternate = isAlternateNow && (drawsMain || !isAlternate) ? ALTERNATE : "";
  const main = drawsMain ? `${PLAIN}${drawMain(emulator)}` : "";
  const cells = Array.from({ length: state.rows }, (_, row) => state.cells(row));
  const screen = rowsText(cells, emulator.buffer.active);
  return `${toMain}${main}${toAlternate}${PLAIN}${screen}${putAllBack(emulator, state)}`;
}

/** Leaves the cursor where the alternate screen will save it. */
function drawMain(emulator: Emulator): string {
  const { rows, savedRow, savedColumn } = mainScreenOf(emulator);
  return `${rowsText(rows, emulator.buffer.normal)}${moveTo(savedRow, savedColumn)}`;
}

/** A row that goes on with the text of the one above gets there by printing, so that the terminal knows it too, for what is copied or resized. */
function rowsText(rows: readonly (readonly Cell[])[], buffer: Emulator["buffer"]["active"]): string {
  return rows
    .map((cells, row) => {
      const goesOn = buffer.getLine(buffer.baseY + row)?.isWrapped && isFull(rows[row - 1]) && cells[0]?.text;
      return `${goesOn ? "" : moveTo(row, 0)}${cellsText(cells, row)}`;
    })
    .join("");
}

const isFull = (cells: readonly Cell[] | undefined) => {
  const last = cells?.at(-1);
  return last !== undefined && (last.width === 0 || last.text !== "");
};

function putAllBack(emulator: Emulator, state: ScreenState): string {
  const { savedRow, savedColumn } = keptOf(emulator);
  const saved = `${moveTo(savedRow, savedColumn)}\x1b7`;
  const margins = `\x1b[${state.top + 1};${state.bottom + 1}r`;
  return `${saved}${margins}${setsText(state)}${modesText(emulator)}${putBack(state, true)}`;
}

/** Programs use one other set: lines. Before 1 and after 2 the sets are known as ASCII, or not. */
function setsText({ ascii }: ScreenState): string {
  return DESIGNATE.map((into, set) => `\x1b${into}${ascii[set] === false ? "0" : "B"}`).join("");
}

/** All modes that the model knows, set or reset. Those of the origin and the insertion come last (`putBack`). */
function modesText(emulator: Emulator): string {
  const { modes } = emulator;
  const looks = looksOf(emulator);
  const set = (mode: number, isOn: boolean) => `\x1b[?${mode}${isOn ? "h" : "l"}`;
  const mouse = Object.values(MOUSE).filter((mode) => mode !== 0);
  const tracking = MOUSE[modes.mouseTrackingMode];
  const style = looks.cursorStyle === undefined ? 0 : STYLES[looks.cursorStyle] + (looks.cursorBlink ? 0 : 1);
  return [
    set(1, modes.applicationCursorKeysMode),
    modes.applicationKeypadMode ? "\x1b=" : "\x1b>",
    set(7, modes.wraparoundMode),
    set(45, modes.reverseWraparoundMode),
    ...mouse.filter((mode) => mode !== tracking).map((mode) => set(mode, false)),
    tracking === 0 ? "" : set(tracking, true),
    // To reset either sets the oldest encoding.
    set(1006, false),
    set(1016, false),
    looks.mouseEncoding === "SGR" ? set(1006, true) : "",
    looks.mouseEncoding === "SGR_PIXELS" ? set(1016, true) : "",
    set(1004, modes.sendFocusMode),
    set(2004, modes.bracketedPasteMode),
    `\x1b[${style} q`,
    set(25, !looks.isCursorHidden),
    set(2026, modes.synchronizedOutputMode),
  ].join("");
}
