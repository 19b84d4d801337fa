// Reads the state of a screen that @xterm/headless knows but does not offer. A program has set this state, and all of it must be as
// before when a notice is taken away. The names are those of xterm.js 6; a test fails if another version has other names.
import xterm, { type Terminal } from "@xterm/headless";
import { HAS_EXTENDED } from "./style.ts";

/** Colours and styles of a cell, or of the next printed character, packed as in xterm.js (its Constants.ts; see style.ts). */
export interface Attributes {
  readonly fg: number;
  readonly bg: number;
  readonly underlineStyle: number;
  readonly underlineColor: number;
  /** Parameters and target of the link in OSC 8 form; empty without a link. */
  readonly link: string;
}

interface Extended {
  /** The kind of underline, in three bits. (`underlineStyle` has another value where there is a link.) */
  readonly _ext: number;
  readonly underlineColor: number;
  readonly urlId: number;
}

interface Line {
  readonly length: number;
  getWidth(column: number): number;
  getString(column: number): string;
  getFg(column: number): number;
  getBg(column: number): number;
  readonly _extendedAttrs: Readonly<Record<number, Extended | undefined>>;
}

interface Buffer {
  /** Equal to `columns` if the next character will wrap. */
  readonly x: number;
  readonly y: number;
  readonly ybase: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  /** The cursor that the program has saved (DECSC); on the main screen, that from before the alternate one. */
  readonly savedX: number;
  readonly savedY: number;
  readonly lines: { get(row: number): Line | undefined };
}

interface Core {
  readonly _inputHandler: {
    readonly _parser: { readonly currentState: number; readonly precedingJoinState: number };
    readonly _utf8Decoder: { readonly interim: Uint8Array };
    readonly _curAttrData: { readonly fg: number; readonly bg: number; readonly extended: Extended };
    readonly _activeBuffer: Buffer;
    readonly _bufferService: { readonly buffers: { readonly normal: Buffer } };
  };
  readonly _charsetService: {
    readonly glevel: number;
    readonly charset: unknown;
    readonly _charsets: readonly unknown[];
  };
  readonly _oscLinkService: {
    getLinkData(id: number): { readonly id?: string; readonly uri: string } | undefined;
  };
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly modes: { readonly insertMode: boolean };
    readonly decPrivateModes: {
      readonly origin: boolean;
      readonly synchronizedOutput: boolean;
      readonly cursorStyle?: "block" | "underline" | "bar";
      readonly cursorBlink?: boolean;
    };
  };
  readonly coreMouseService: { readonly activeEncoding: string };
}

export type Emulator = Terminal;

/** The last OSC 8 of each emulator: the emulator forgets a link that no cell has. */
const openLinks = new WeakMap<Emulator, string>();

/** An emulator without a scrollback, because only the screen matters. */
export function newEmulator(columns: number, rows: number): Emulator {
  const emulator = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 0,
    allowProposedApi: true,
    logLevel: "off",
  });
  emulator.parser.registerOscHandler(8, (link) => {
    openLinks.set(emulator, link);
    return false;
  });
  return emulator;
}

const coreOf = (emulator: Emulator): Core => (emulator as unknown as { readonly _core: Core })._core;

/** One cell. The text is empty if nothing was printed; the width is 0 for the second half of a wide character. */
export interface Cell {
  readonly text: string;
  readonly width: number;
  readonly attributes: Attributes;
}

/** The state that a program has left the terminal in, as far as it must be put back after drawing. Rows and columns count from 0. */
export interface ScreenState {
  readonly columns: number;
  readonly rows: number;
  readonly column: number;
  readonly row: number;
  /** Text that does not fit into a row continues in the next one (DECAWM). */
  readonly wraps: boolean;
  /** The next character goes to the next row. */
  readonly wrapsNext: boolean;
  /** The last thing was a printed character: CSI b repeats it, and a combining character joins it. */
  readonly afterPrint: boolean;
  readonly attributes: Attributes;
  readonly top: number;
  readonly bottom: number;
  readonly origin: boolean;
  readonly insert: boolean;
  /** Which of G0 to G3 is in use; `undefined` if the characters come from none of them, as after a restored cursor. */
  readonly charset: number | undefined;
  readonly printsAscii: boolean;
  /** Which of G0 to G3 hold ASCII. */
  readonly ascii: readonly boolean[];
  cells(row: number): readonly Cell[];
}

/** Whether every sequence and every character so far is complete. */
export function isWhole(emulator: Emulator): boolean {
  const { _parser: parser, _utf8Decoder: decoder } = coreOf(emulator)._inputHandler;
  return parser.currentState === 0 && decoder.interim[0] === 0;
}

/** Whether something may be drawn now: the output so far is complete, and the program has not frozen the screen for an update. */
export function isBetweenSequences(emulator: Emulator): boolean {
  return isWhole(emulator) && !coreOf(emulator).coreService.decPrivateModes.synchronizedOutput;
}

/** Whether plain lines scroll the whole screen. */
export function scrollsWhole(emulator: Emulator): boolean {
  const { scrollTop, scrollBottom, y } = coreOf(emulator)._inputHandler._activeBuffer;
  return scrollTop === 0 && scrollBottom === emulator.rows - 1 && y <= scrollBottom;
}

/** Reads the state of a screen. */
export function stateOf(emulator: Emulator): ScreenState {
  const { _inputHandler: handler, _charsetService: charsets, coreService } = coreOf(emulator);
  const buffer = handler._activeBuffer;
  const { fg, bg, extended } = handler._curAttrData;
  const { _ext, underlineColor, urlId } = extended;
  const link = (urlId !== 0 && openLinks.get(emulator)) || "";
  return {
    columns: emulator.cols,
    rows: emulator.rows,
    column: Math.min(buffer.x, emulator.cols - 1),
    row: buffer.y,
    wraps: emulator.modes.wraparoundMode,
    wrapsNext: buffer.x >= emulator.cols,
    afterPrint: handler._parser.precedingJoinState !== 0,
    attributes: { fg, bg, underlineStyle: styleIn(_ext), underlineColor, link },
    top: buffer.scrollTop,
    bottom: buffer.scrollBottom,
    origin: coreService.decPrivateModes.origin,
    insert: coreService.modes.insertMode,
    charset: charsets.charset === charsets._charsets[charsets.glevel] ? charsets.glevel : undefined,
    printsAscii: charsets.charset === undefined,
    ascii: [0, 1, 2, 3].map((level) => charsets._charsets[level] === undefined),
    cells: (row) => cellsOf(emulator, buffer.lines.get(buffer.ybase + row)),
  };
}

/** The rows of the main screen, and the cursor that was saved there. */
export function mainScreenOf(emulator: Emulator): Kept & { readonly rows: readonly (readonly Cell[])[] } {
  const { normal } = coreOf(emulator)._inputHandler._bufferService.buffers;
  const rows = Array.from({ length: emulator.rows }, (_, row) =>
    cellsOf(emulator, normal.lines.get(normal.ybase + row)),
  );
  return { rows, ...keptIn(normal) };
}

/** A place that a program has saved. Counts from 0. */
export interface Kept {
  readonly savedColumn: number;
  readonly savedRow: number;
}

/** The cursor that was saved on the screen that is shown. */
export function keptOf(emulator: Emulator): Kept {
  return keptIn(coreOf(emulator)._inputHandler._activeBuffer);
}

const keptIn = ({ savedX, savedY, ybase }: Buffer): Kept => ({
  savedColumn: savedX,
  savedRow: Math.max(0, savedY - ybase),
});

/** How a screen shows its cursor and reports its mouse, beside `emulator.modes`. */
export function looksOf(emulator: Emulator) {
  const { coreService, coreMouseService } = coreOf(emulator);
  const { cursorStyle, cursorBlink } = coreService.decPrivateModes;
  return {
    isCursorHidden: coreService.isCursorHidden,
    cursorStyle,
    cursorBlink,
    mouseEncoding: coreMouseService.activeEncoding,
  };
}

const styleIn = (ext: number) => (ext >> 26) & 7;

function cellsOf(emulator: Emulator, line: Line | undefined): Cell[] {
  if (!line) return [];
  return Array.from({ length: line.length }, (_, column) => ({
    text: line.getString(column),
    width: line.getWidth(column),
    attributes: attributesOf(emulator, line, column),
  }));
}

function attributesOf(emulator: Emulator, line: Line, column: number): Attributes {
  const [fg, bg] = [line.getFg(column), line.getBg(column)];
  // A cell without extended attributes may still have old ones stored at its place.
  const extended = (bg & HAS_EXTENDED) === 0 ? undefined : line._extendedAttrs[column];
  const { _ext = 0, underlineColor = 0, urlId = 0 } = extended ?? {};
  const data = urlId === 0 ? undefined : coreOf(emulator)._oscLinkService.getLinkData(urlId);
  const link = data ? `${data.id === undefined ? "" : `id=${data.id}`};${data.uri}` : "";
  return { fg, bg, underlineStyle: styleIn(_ext), underlineColor, link };
}
