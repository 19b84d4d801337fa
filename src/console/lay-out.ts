// Lays out a table for people: columns as wide as they need, no lines around them, the last one cut where a terminal is too narrow.
// cli-table3 takes a third of a second for three hundred rows, longer than everything else that `list` does.
import { stripVTControlCharacters } from "node:util";
import { styled } from "./output.ts";

const GAP = "  ";
/** A last column narrower than this tells nothing: the terminal wraps it instead. */
const NARROWEST = 10;

/** How many columns of a terminal a text takes. */
export type WidthOf = (text: string) => number;

/** Lays out rows under their headings; cells must be printable. `columns`: the width of the terminal, `undefined` for no terminal, where nothing is cut. */
export function layOut(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
  widthOf: WidthOf,
): string {
  const widths = headings.map((heading, at) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[at] ?? "")), widthOf(heading)),
  );
  const last = widths.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - before;
  widths[last] = room < NARROWEST ? (widths[last] ?? 0) : Math.min(widths[last] ?? 0, room);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === last ? cut : padded)(cell, widths[at] ?? 0, widthOf))
      .join(GAP)
      .trimEnd();
  return [line(headings.map((heading) => styled("bold", heading))), ...rows.map(line)].join("\n");
}

/** A measure that is right for these cells: what it takes to measure every script has tables of Unicode that load in 40 ms. */
export async function widthFor(rows: readonly (readonly string[])[]): Promise<WidthOf> {
  const isPlain = rows.every((row) => row.every((cell) => /^[ -~]*$/.test(uncoloured(cell))));
  return isPlain ? (text) => uncoloured(text).length : (await import("string-width")).default;
}

function uncoloured(text: string): string {
  return text.includes("\x1b") ? stripVTControlCharacters(text) : text;
}

function padded(cell: string, width: number, widthOf: WidthOf): string {
  return cell + " ".repeat(Math.max(0, width - widthOf(cell)));
}

/** By characters: the last column is plain text. */
function cut(cell: string, width: number, widthOf: WidthOf): string {
  if (widthOf(cell) <= width) return cell;
  let kept = "";
  for (const character of cell) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}~`;
}
