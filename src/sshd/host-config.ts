// sshd's configuration as it is on this host, or would be with one more file.
import { globSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { SSHD_CONFIG } from "../system/paths.ts";
import { type Directive, finds, includesDropIn, readConfig } from "./sshd-config.ts";

/** A file of the configuration that has not been written yet. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** Every directive of sshd's configuration, in the order that sshd reads them. Throws what reading a file fails with. */
export function readHostConfig(planned?: PlannedFile): Directive[] {
  return readConfig({
    read: (path) => (path === planned?.path ? planned.text : readFileSync(path, "utf8")),
    glob: (pattern) => filesOf(pattern, planned?.path),
  });
}

/** As glob(3) does it: a star does not stand for a leading dot. */
function filesOf(pattern: string, planned: string | undefined): string[] {
  const hidden = basename(pattern).startsWith(".");
  const found = globSync(pattern).filter((path) => hidden || !basename(path).startsWith("."));
  const more = planned !== undefined && finds(pattern, planned) ? [planned] : [];
  return [...new Set([...found, ...more])].sort();
}

/** Throws a `SetupError` where sshd would not read a drop-in of ours for every login. */
export function mustInclude(config: readonly Directive[], dropIn: string): void {
  if (includesDropIn(config, dropIn)) return;
  throw new SetupError(
    `${SSHD_CONFIG} does not include ${dirname(dropIn)}`,
    `put "Include ${dirname(dropIn)}/*.conf" at its top and run this again`,
  );
}
