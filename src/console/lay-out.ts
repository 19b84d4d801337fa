// Lays out a table for people: each column as wide as its cells, no lines around them. The last column is cut if the terminal is too
// narrow. Not cli-table3: it takes a third of a second for three hundred rows, longer than everything else that `list` does.
import { stripVTControlCharacters } from "node:util";
import { styled } from "./output.ts";

const GAP = "  ";
/** A last column narrower than this says nothing. Then it is not cut, and the terminal wraps it. */
const NARROWEST = 10;

/** The number of columns that a text takes on a terminal. */
export type WidthOf = (text: string) => number;

/** Lays out rows under their headings; cells must be printable. `columns`: the width of the terminal; `undefined`: cut nothing. */
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

/** A measure that fits these cells. The one for every script needs tables of Unicode, which take 40 ms to load. */
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

/** Cuts by characters: the last column has no colours. */
function cut(cell: string, width: number, widthOf: WidthOf): string {
  if (widthOf(cell) <= width) return cell;
  let kept = "";
  for (const character of cell) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}~`;
}
