import { randomBytes } from "node:crypto";
import { linkSync, renameSync, unlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { makeFile, withDirectory } from "../system/make-file.ts";

/**
 * Writes a whole file or nothing: a half-written policy can be a valid one. Throws if a file of that name exists, unless `replace` is
 * set. A symbolic link there is replaced, not followed. The directory may belong to anybody, and may itself be a link.
 */
export function writeNew(path: string, text: string, replace: boolean, mode = 0o644): void {
  try {
    // The slash at the end: the directory may be a link. It is resolved once, for all steps.
    withDirectory(`${dirname(path)}/.`, (fd) => writeIn(`/proc/self/fd/${fd}`, basename(path)));
  } catch (error) {
    throw new Error(whyNot(path, error), { cause: error });
  }

  function writeIn(directory: string, name: string): void {
    const temporary = `${directory}/.${name}.${randomBytes(6).toString("hex")}`;
    try {
      // Independent of the umask: watchdogs that run as users also read the policy.
      makeFile(temporary, text, mode);
      // link(2) never replaces an existing file.
      if (replace) renameSync(temporary, `${directory}/${name}`);
      else linkSync(temporary, `${directory}/${name}`);
    } finally {
      try {
        unlinkSync(temporary);
      } catch {
        // It was renamed, or never made.
      }
    }
  }
}

function whyNot(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EEXIST") return `${path} is there already; give --force to replace it`;
  if (code === "ENOENT") return `${dirname(path)} does not exist; make that directory first`;
  if (code === "ENOTDIR") return `${dirname(path)} is not a directory; name a file in one`;
  // Without the name of the call and the paths: they are our temporary names.
  const reason = error instanceof Error ? error.message.replace(/, \w+ '.*$/s, "") : error;
  return `${path} cannot be written: ${reason}`;
}
