import { lstatSync } from "node:fs";
import { writeNew } from "../change/write-new.ts";
import { printable } from "./output.ts";

/**
 * Writes a whole file or nothing, and replaces an existing one. Throws if something else is there: nobody wants to rename over
 * /dev/stdout, or over a link that somebody has put into /tmp.
 */
export function replaceFile(path: string, text: string, mode: number): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile())
    throw new Error(
      `${printable(path)} is not a regular file; name a regular file that may be replaced, or one that does not exist yet`,
    );
  writeNew(path, text, true, mode);
}
