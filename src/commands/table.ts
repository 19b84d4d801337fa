// A table for people: columns as wide as they need, no lines around them, the last one cut where a terminal is too narrow.
import Table from "cli-table3";
import stringWidth from "string-width";
import { styled } from "./output.ts";

const BLANK = Object.fromEntries(
  [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
  ].map((place) => [place, ""]),
);
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
  const table = new Table({
    head: headings.map((heading) => styled("bold", heading)),
    chars: { ...BLANK, middle: GAP },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colWidths: widths,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
