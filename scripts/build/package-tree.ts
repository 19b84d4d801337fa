// Puts into an empty folder what a package ships: the programs and files of an install from a checkout, from the same plan.
//   package-tree.ts FOLDER [ARCH [PROGRAMS]]   ARCH: for these machines, x64 or arm64; the build must be for them
//                                              PROGRAMS: the directory of the programs, if it is not /usr/lib/afkill
// What a package's own tools place (manual pages, rotation, units) is left to them. The copy of env(1) is made on each host (pam/copy-env).
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Change, directory, file } from "../../src/change/change.ts";
import { defaultPolicy } from "../../src/policy/default.ts";
import { DEBIAN, lockServiceText, RED_HAT } from "../../src/setup/lock-service.ts";
import { planShipped } from "../../src/setup/programs.ts";
import {
  COMMAND,
  COMPLETIONS,
  LOCK_SERVICE_FILE,
  PACKAGED,
  POLICY,
  POLICY_DIRECTORY,
  PROGRAM_DIRECTORY,
  USER_COMMAND,
} from "../../src/system/paths.ts";
import { SHELLS } from "../../src/system/shells.ts";

const [, , folder = "", arch = process.arch, programs = PROGRAM_DIRECTORY] = process.argv;
const dist = join(import.meta.dirname, "../../dist");

const changes: readonly Change[] = [
  ...planShipped(dist, { arch, node: join(dist, `../node_modules/node-linux-${arch}/bin/node`) }),
  file(PACKAGED, 0o644, Buffer.from("These programs belong to a package. afkill changes the hooks alone.\n")),
  directory(POLICY_DIRECTORY),
  file(POLICY, 0o644, Buffer.from(defaultPolicy)),
  file(
    LOCK_SERVICE_FILE,
    0o644,
    Buffer.from(lockServiceText(programs === PROGRAM_DIRECTORY ? DEBIAN : RED_HAT)),
  ),
  ...SHELLS.map((shell) => file(COMPLETIONS[shell], 0o644, { copyOf: join(dist, "completion", shell) })),
];

/**
 * A text with the directory of the programs as it is in this package, also where it stands in a regular expression. Where that is another
 * one, the command has one name: /usr/sbin may be /usr/bin.
 */
function moved(text: string): string {
  const escaped = (path: string) => path.replaceAll("/", "\\/");
  if (programs === PROGRAM_DIRECTORY) return text;
  return text
    .replaceAll(COMMAND, USER_COMMAND)
    .replaceAll(PROGRAM_DIRECTORY, programs)
    .replaceAll(escaped(PROGRAM_DIRECTORY), escaped(programs));
}

/** What a file of the package holds. */
function contentOf(content: Buffer | { readonly copyOf: string }): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : readFileSync(content.copyOf);
  // A program of machine code has bytes of 0, a text has none.
  return programs === PROGRAM_DIRECTORY || bytes.includes(0) ? bytes : Buffer.from(moved(bytes.toString()));
}

/** Owners are left to the package's tools: a build needs no root. */
function make({ path, wanted }: Change): void {
  const at = join(folder, moved(path));
  mkdirSync(wanted.kind === "directory" ? at : dirname(at), { recursive: true });
  if (wanted.kind === "file") writeFileSync(at, contentOf(wanted.content));
  if ("mode" in wanted) chmodSync(at, wanted.mode);
}

if (folder === "") throw new Error("usage: package-tree.ts FOLDER [ARCH [PROGRAMS]]");
// V8 would reject code of a text that has changed.
changes.filter(({ path }) => programs === PROGRAM_DIRECTORY || !path.endsWith(".code")).forEach(make);
