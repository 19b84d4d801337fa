// Makes the text of a locked screen fit its size: the most important parts, wrapped, in their order. Pure.
import { wrap } from "../notice/form.ts";
import type { WindowSize } from "../system/libc.ts";
import type { Part, ScreenText } from "./screen-text.ts";

/** What is drawn: some rows, and below them the one with the cursor. Each is at least one column shorter than the screen. */
export interface FittingText {
  readonly rows: readonly string[];
  readonly prompt: string;
}

/** The text for a screen of that size; for one row it is the prompt alone. A part that has no room is left out as a whole. */
export function fittingText({ parts, prompt }: ScreenText, { rows, columns }: WindowSize): FittingText {
  // In some emulators a text in the last column wraps.
  const width = Math.max(0, columns - 1);
  const wrapped = parts.map((part) => ({
    ...part,
    rows: part.rows.flatMap((row) => wrap(row, Math.max(1, width))).map((row) => row.slice(0, width)),
  }));
  const kept = inRoom(wrapped, Math.max(0, rows - 1));
  const spaced = kept.flatMap((part) => [...part, ""]);
  return { rows: spaced.length < rows ? spaced : kept.flat(), prompt: prompt.slice(0, width) };
}

/** The rows of the parts for which there is room, in their order. */
function inRoom(parts: readonly Part[], room: number): (readonly string[])[] {
  let left = room;
  const kept = new Map<Part, readonly string[]>();
  for (const part of parts.toSorted((a, b) => a.rank - b.rank)) {
    const rows = part.mayShrink && left > 0 ? part.rows.slice(-left) : part.rows;
    if (rows.length > left) continue;
    kept.set(part, rows);
    left -= rows.length;
  }
  return parts.flatMap((part) => [kept.get(part) ?? []]).filter((part) => part.length > 0);
}
