// Which locked terminals are a user's own: their sockets belong to them.
import { lstatSync, readdirSync } from "node:fs";
import { UNLOCK_DIRECTORY } from "../system/paths.ts";

/** The numbers of the locked terminals of the user who runs this, in order. */
export function ownDoors(directory = UNLOCK_DIRECTORY, uid = process.geteuid?.()): number[] {
  return namesIn(directory)
    .flatMap((name) => /^(\d{1,7})\.sock$/.exec(name)?.[1] ?? [])
    .filter((number) => lstatSync(`${directory}/${number}.sock`, { throwIfNoEntry: false })?.uid === uid)
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
