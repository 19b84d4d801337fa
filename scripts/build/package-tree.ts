// Puts into an empty folder what a package ships: the programs and files of an install from a checkout, from the same plan.
//   package-tree.ts FOLDER [ARCH]   for these machines, x64 or arm64; the build must be for them
// What a package's own tools place (manual pages, rotation, units) is left to them. The copy of env(1) is made on each host (pam/copy-env).
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Change, directory, file } from "../../src/change/change.ts";
import { defaultPolicy } from "../../src/policy/default.ts";
import { planShipped } from "../../src/setup/programs.ts";
import { COMPLETIONS, PACKAGED, POLICY, POLICY_DIRECTORY } from "../../src/system/paths.ts";
import { SHELLS } from "../../src/system/shells.ts";

const [, , folder = "", arch = process.arch] = process.argv;
const dist = join(import.meta.dirname, "../../dist");

const changes: readonly Change[] = [
  ...planShipped(dist, { arch, node: join(dist, `../node_modules/node-linux-${arch}/bin/node`) }),
  file(PACKAGED, 0o644, Buffer.from("These programs belong to a package. afkill changes the hooks alone.\n")),
  directory(POLICY_DIRECTORY),
  file(POLICY, 0o644, Buffer.from(defaultPolicy)),
  ...SHELLS.map((shell) => file(COMPLETIONS[shell], 0o644, { copyOf: join(dist, "completion", shell) })),
];

/** Owners are left to the package's tools: a build needs no root. */
function make({ path, wanted }: Change): void {
  const at = join(folder, path);
  mkdirSync(wanted.kind === "directory" ? at : dirname(at), { recursive: true });
  if (wanted.kind === "file") {
    if (Buffer.isBuffer(wanted.content)) writeFileSync(at, wanted.content);
    else copyFileSync(wanted.content.copyOf, at);
  }
  if ("mode" in wanted) chmodSync(at, wanted.mode);
}

if (folder === "") throw new Error("usage: package-tree.ts FOLDER [ARCH]");
changes.forEach(make);
