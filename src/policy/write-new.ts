import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file whole or not at all: a half-written policy can be a valid one. Throws where there is a file of that name already,
 * unless `replace`; a symbolic link there is replaced, not followed.
 */
export function writeNew(path: string, text: string, replace: boolean, mode = 0o644): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    writeFileSync(temporary, text, { flag: "wx", mode: 0o600 });
    // Whatever the umask: the watchdogs of users read the policy too.
    chmodSync(temporary, mode);
    // A link cannot take the place of anything.
    if (replace) renameSync(temporary, path);
    else linkSync(temporary, path);
  } catch (error) {
    throw new Error(whyNot(path, error), { cause: error });
  } finally {
    try {
      unlinkSync(temporary);
    } catch {
      // Renamed, or never made.
    }
  }
}

function whyNot(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST") return `${path} is there already; give --force to replace it`;
  if (code === "ENOENT") return `${dirname(path)} does not exist; make that directory first`;
  return `${path} cannot be written: ${error instanceof Error ? error.message : error}`;
}
