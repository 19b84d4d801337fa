import stringWidth from "string-width";
import { layOut } from "./lay-out.ts";

/** A table of texts in any script; see `layOut`. */
export function tableOf(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  return layOut(headings, rows, columns, stringWidth);
}
