// sshd's configuration on this host, as it is now or with one more file.
import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { SSHD_CONFIG } from "../system/paths.ts";
import { type Directive, finds, includesDropIn, readConfig } from "./sshd-config.ts";

/** A file of the configuration that is not written yet. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** Every directive of sshd's configuration, in the order that sshd reads them. Throws the error of a failed read. */
export function readHostConfig(planned?: PlannedFile): Directive[] {
  return readConfig({
    read: (path) => (path === planned?.path ? planned.text : readFileSync(path, "utf8")),
    glob: (pattern) => filesOf(pattern, planned?.path),
  });
}

/** Like glob(3): a star does not match a leading dot. */
function filesOf(pattern: string, planned: string | undefined): string[] {
  const hidden = basename(pattern).startsWith(".");
  const found = globSync(pattern).filter((path) => hidden || !basename(path).startsWith("."));
  const more = planned !== undefined && finds(pattern, planned) ? [planned] : [];
  return [...new Set([...found, ...more])].sort();
}

/** Throws a `SetupError` if sshd would not read our drop-in for every login. */
export function mustInclude(config: readonly Directive[], dropIn: string): void {
  if (includesDropIn(config, dropIn)) return;
  throw new SetupError(
    `${SSHD_CONFIG} does not include ${dirname(dropIn)}`,
    `put "Include ${dirname(dropIn)}/*.conf" at its top and run this again`,
  );
}
