// Whether afkill is still there.
import { existsSync } from "node:fs";

/** The program that this process runs. An upgrade renames a new file to its path, so it is never missing during an upgrade. */
const PROGRAM = process.argv[1] ?? "";

/** Whether afkill has been uninstalled since this process began. */
export function isUninstalled(): boolean {
  return !existsSync(PROGRAM);
}
