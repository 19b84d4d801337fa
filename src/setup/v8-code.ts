// The V8 code beside the bundles of a build. V8 takes only code that the same Node has made; without it a check compiles its bundle again,
// and takes 47 ms of CPU instead of 38 (both measured on one machine).
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { SetupError } from "../change/setup-error.ts";
import { run, said } from "../system/command.ts";
import { jitless } from "./try-node.ts";

/** The program of a build that makes the code of a bundle. */
export const PRECOMPILER = "precompile.js";

const CODE = ".code";

/** The files with V8 code in a build, by their names. */
export function codeFiles(dist: string): string[] {
  return readdirSync(dist).filter((name) => name.endsWith(CODE));
}

/** What a file with V8 code in the build `dist` shall hold for the Node at `node`. Throws a `SetupError`. */
export function codeFor(node: string, dist: string, name: string): Buffer {
  const bundle = `${basename(name, CODE)}.cjs`;
  // For root only, and gone after a restart whatever happens here.
  const directory = mkdtempSync("/run/afkill-code-");
  try {
    copyFileSync(join(dist, bundle), join(directory, bundle));
    const ran = run(node, [...jitless(), "--no-warnings", join(dist, PRECOMPILER), join(directory, bundle)]);
    if (ran.status !== 0)
      throw new SetupError(`${node} cannot compile ${bundle}: ${said(ran)}`, "name another Node");
    return readFileSync(join(directory, name));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
