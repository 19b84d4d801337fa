// The rules that libpam runs for one purpose, from all files that hold them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PAM_DIRECTORY } from "../system/paths.ts";
import { type PamEntry, parsePam } from "./pam-file.ts";

/** A rule and the file that it is in. */
export interface PlacedRule extends PamEntry {
  readonly file: string;
}

/** Where libpam also looks for a service, after /etc/pam.d. */
const VENDOR_DIRECTORY = "/usr/lib/pam.d";
/** libpam's own limit, PAM_SUBSTACK_MAX_LEVEL, is 16. */
const DEEPEST = 32;

/** The path of an included service file. */
export function pathOf(name: string): string {
  if (name.startsWith("/")) return name;
  const own = join(PAM_DIRECTORY, name);
  return existsSync(own) ? own : join(VENDOR_DIRECTORY, name);
}

/** The text of an included service file. Throws the error of a failed read. */
export function readService(name: string): string {
  return readFileSync(pathOf(name), "latin1");
}

/**
 * All rules of a type (`auth`, …) in a service file and in the files that an `@include`, or an `include` or `substack` of that type,
 * names. Throws `PamSyntaxError` and the errors of `read`.
 */
export function rulesOf(
  type: string,
  { file, text }: { readonly file: string; readonly text: string },
  read: (name: string) => string,
  depth = 0,
): PlacedRule[] {
  if (depth > DEEPEST) throw new Error(`${file}: PAM files include one another in a loop`);
  return parsePam(text).flatMap((entry) => {
    const includes =
      entry.type === "@include" || (entry.type === type && /^(include|substack)$/.test(entry.control));
    if (includes)
      return rulesOf(type, { file: pathOf(entry.module), text: read(entry.module) }, read, depth + 1);
    return entry.type === type ? [{ ...entry, file }] : [];
  });
}
