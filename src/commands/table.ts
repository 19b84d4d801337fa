// A table for people: columns as wide as they need, no lines around them, the last one cut where a terminal is too narrow.
// cli-table3 takes a third of a second for three hundred rows, longer than everything else that `list` does.
import stringWidth from "string-width";
import { styled } from "./output.ts";

const GAP = "  ";
/** A last column narrower than this tells nothing: the terminal wraps it instead. */
const NARROWEST = 10;

/**
 * Lays out rows under their headings; cells must be printable. `columns`: the width of the terminal, `undefined` for no terminal, where
 * nothing is cut.
 */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const widths = headings.map((heading, at) =>
    Math.max(stringWidth(heading), ...rows.map((row) => stringWidth(row[at] ?? ""))),
  );
  const last = widths.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - before;
  widths[last] = room < NARROWEST ? (widths[last] ?? 0) : Math.min(widths[last] ?? 0, room);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === last ? cut(cell, widths[at] ?? 0) : padded(cell, widths[at] ?? 0)))
      .join(GAP)
      .trimEnd();
  return [line(headings.map((heading) => styled("bold", heading))), ...rows.map(line)].join("\n");
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - stringWidth(cell)));
}

/** By characters: the last column is plain text. */
function cut(cell: string, width: number): string {
  if (stringWidth(cell) <= width) return cell;
  let kept = "";
  for (const character of cell) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}~`;
}
