// What an emulator shows and remembers, to compare two; and programs that do to their terminal whatever can be done to one.
import fc from "fast-check";
import { type Cell, type Emulator, stateOf } from "../../src/wrap/emulator.ts";
import { hasColours } from "../../src/wrap/style.ts";

/** Resolves once the emulator has drawn it. */
export const write = (emulator: Emulator, bytes: string | Uint8Array) =>
  new Promise<void>((resolve) => emulator.write(bytes, resolve));

/**
 * Where nothing wraps, the emulator can lose the second half of a wide character, or take one for printed that it had no room for; no
 * terminal has that on its screen.
 */
export function isSound(emulator: Emulator): boolean {
  const { rows, row: cursorRow, column: cursorColumn, afterPrint, cells, attributes } = stateOf(emulator);
  const printed = cells(cursorRow)[cursorColumn - 1];
  const isPrinted =
    printed?.width === 0
      ? hasColours(cells(cursorRow)[cursorColumn - 2]?.attributes ?? attributes, attributes)
      : printed?.text !== "";
  if (!emulator.modes.wraparoundMode && afterPrint && !isPrinted) return false;
  return Array.from({ length: rows }, (_, row) => cells(row))
    .flatMap((row) => row.map(({ width }, column) => width !== 2 || row[column + 1]?.width === 0))
    .every(Boolean);
}

/**
 * Everything that can be seen of a screen, and all that its next output depends on. Without the links of cells that have none in
 * `forgetful`: when the first row of a link that was printed over two scrolls away, the emulator forgets it on the second as well.
 */
export function pictureOf(emulator: Emulator, forgetful = emulator) {
  const state = stateOf(emulator);
  const others = stateOf(forgetful);
  const handler = (emulator as unknown as { _core: { _inputHandler: Record<string, unknown> } })._core
    ._inputHandler;
  const { savedX, savedY, tabs, scrollTop, scrollBottom } = handler._activeBuffer as Record<string, unknown>;
  return {
    rows: Array.from({ length: emulator.rows }, (_, row) => ({
      wrapped: emulator.buffer.active.getLine(emulator.buffer.active.baseY + row)?.isWrapped,
      // A cursor that wraps next gets there by printing in the last column, if only a blank.
      cells: state
        .cells(row)
        .map((cell, column) =>
          cellOf(
            column === state.columns - 1 ? { ...cell, text: cell.text || " " } : cell,
            others.cells(row)[column]?.attributes.link === "",
          ),
        ),
    })),
    cursor: [state.row, state.column, state.wrapsNext, state.wrapsNext || state.insert || state.afterPrint],
    attributes: cellOf({ text: " ", width: 1, attributes: state.attributes }),
    modes: emulator.modes,
    charset: [state.charset, state.printsAscii, state.ascii],
    kept: { savedX, savedY, tabs, scrollTop, scrollBottom },
    type: emulator.buffer.active.type,
  };
}

/** A picture as people see it, who do not tell a cell that was erased from a blank: half a wide character that was printed over is either. */
export function seen(picture: ReturnType<typeof pictureOf>) {
  const rows = picture.rows.map(({ wrapped, cells }) => ({
    wrapped,
    cells: cells.map(([text, width, ...style]) => [text === "" && width === 1 ? " " : text, width, ...style]),
  }));
  return { ...picture, rows };
}

/** A colour of a palette is its lowest byte; what stands above it is left from the colour before. */
const colour = (word: number) => ((word & 0x3000000) === 0x3000000 ? word : word & ~0xffff00);

function cellOf(
  { text, width, attributes: { fg, bg, underlineStyle, underlineColor, link } }: Cell,
  isLinkLost = false,
) {
  const underlined = (fg & 0x10000000) !== 0;
  // Half a wide character that was printed over is no character and has a style; nothing can print that again but a space.
  const blank = text === "" && width === 1 && (fg !== 0 || (bg & 0xfc000000) !== 0) ? " " : text;
  const line = underlined && [Math.max(1, underlineStyle), colour(underlineColor)];
  return [blank, width, colour(fg), colour(bg & ~0x10000000), line, isLinkLost ? "" : link];
}

const number = fc.integer({ min: 0, max: 14 });
const csi = (final: string, ...parameters: (string | fc.Arbitrary<string | number>)[]) =>
  fc
    .tuple(
      ...parameters.map((parameter) => (typeof parameter === "string" ? fc.constant(parameter) : parameter)),
    )
    .map((values) => `\x1b[${values.join(";")}${final}`);
const style = fc.constantFrom(
  "0",
  "1",
  "2",
  "3",
  "4",
  "5",
  "7",
  "8",
  "9",
  "21",
  "53",
  "4:3",
  "4:5",
  "31",
  "44",
  "97",
  "105",
  "38;5;200",
  "48;5;17",
  "38;2;1;2;3",
  "48;2;250;9;0",
  "58;5;9",
  "58;2;9;8;7",
  "39",
  "49",
  "24",
);
const output = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[ -~]{1,30}$/) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("中文", "e\u0301", "─┼", "😀", "a\u0308", "ÿ", "\u4e2d".repeat(9)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "\r",
      "\n",
      "\r\n",
      "\b",
      "\t",
      "\x1bM",
      "\x1bD",
      "\x1bE",
      "\x1b7",
      "\x1b8",
      "\x1bH",
    ),
  },
  { weight: 4, arbitrary: csi("m", style, style) },
  { weight: 3, arbitrary: csi("H", number, number) },
  { weight: 1, arbitrary: csi("r", number, number) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(number, fc.constantFrom(..."ABCDEFGJKLMPSTX@Zb`de"))
      .map(([n, final]) => `\x1b[${n}${final}`),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("4", "?6", "?7", "?1049", "?25", "?1", "?2004", "?1000", "?1006", "?45"),
        fc.constantFrom("h", "l"),
      )
      .map(([mode, final]) => `\x1b[${mode}${final}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "\x0e",
      "\x0f",
      "\x1b(0",
      "\x1b(B",
      "\x1b)0",
      "\x1b)B",
      "\x1b*A",
      "\x1bn",
      "\x1bo",
      "\x1b#8",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\x1b[1"q',
      '\x1b[0"q',
      "\x1b]8;;http://a.example\x1b\\here\x1b]8;;\x07",
      "\x1b]8;id=x;http://b.example\x07there\x1b]8;;\x1b\\",
    ),
  },
);
/** What a program may print. */
export const program = fc.array(output, { minLength: 1, maxLength: 60 }).map((parts) => parts.join(""));
/** What may begin a link. */
export const open = fc.constantFrom("", "\x1b]8;;http://a.example\x1b\\", "\x1b]8;id=x;http://b.example\x07");
export const CLOSE = "\x1b]8;;\x07";
