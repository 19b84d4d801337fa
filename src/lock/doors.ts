// Which terminals are locked: each has a socket.
import { readdirSync } from "node:fs";
import { UNLOCK_DIRECTORY } from "../system/paths.ts";

/** The numbers of the locked terminals of the host, in order; N of /dev/pts/N. */
export function doorNumbers(directory = UNLOCK_DIRECTORY): number[] {
  return namesIn(directory)
    .flatMap((name) => /^(\d{1,7})\.sock$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Nothing was ever locked.
    return [];
  }
}
