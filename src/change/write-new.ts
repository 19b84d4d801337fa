import { randomBytes } from "node:crypto";
import { linkSync, renameSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { makeFile, withDirectory } from "../system/make-file.ts";

/**
 * Writes a file whole or not at all: a half-written policy can be a valid one. Throws where there is a file of that name already,
 * unless `replace`; a symbolic link there is replaced, not followed. Its directory may be anybody's, and may itself be a link.
 */
export function writeNew(path: string, text: string, replace: boolean, mode = 0o644): void {
  try {
    // The slash: a link to a directory will do, once and for all the steps.
    withDirectory(`${dirname(path)}/.`, (fd) => writeIn(`/proc/self/fd/${fd}`, basename(path)));
  } catch (error) {
    throw new Error(whyNot(path, error), { cause: error });
  }

  function writeIn(directory: string, name: string): void {
    const temporary = `${directory}/.${name}.${randomBytes(6).toString("hex")}`;
    try {
      // Whatever the umask: the watchdogs of users read the policy too.
      makeFile(temporary, text, mode);
      // A link cannot take the place of anything.
      if (replace) renameSync(temporary, `${directory}/${name}`);
      else linkSync(temporary, `${directory}/${name}`);
    } finally {
      try {
        unlinkSync(temporary);
      } catch {
        // Renamed, or never made.
      }
    }
  }
}

function whyNot(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST") return `${path} is there already; give --force to replace it`;
  if (code === "ENOENT") return `${dirname(path)} does not exist; make that directory first`;
  if (code === "ENOTDIR") return `${dirname(path)} is not a directory; name a file in one`;
  // Without the call and its names, which are of our own making.
  const reason = error instanceof Error ? error.message.replace(/, \w+ '.*$/s, "") : error;
  return `${path} cannot be written: ${reason}`;
}
