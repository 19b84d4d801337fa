// Runs a program that the build made one file of, together with the code that V8 made of it then: to compile it anew takes longer than
// what most checks do. Nothing is imported here: Node takes its own modules apart for `import`, which takes as long again. Nor is
// anything done before it is asked for: a Node that is too old reads this file too.
import type { Script } from "node:vm";

/** The file beside a bundle that holds its code. */
export function codeOf(bundle: string): string {
  return bundle.replace(/\.cjs$/, ".code");
}

/** Runs a bundle as `require` would. */
export function runBundle(bundle: string): void {
  const { createRequire } = process.getBuiltinModule("node:module");
  const { dirname } = process.getBuiltinModule("node:path");
  const module = { exports: {} };
  const run = compileBundle(bundle).runInThisContext();
  run(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
}

/** Keeps the code of a bundle beside it. Twice: V8 would run what is spoilt, and its own checksum takes longer than all else that it does. */
export function keepCode(bundle: string, code: Buffer): void {
  process.getBuiltinModule("node:fs").writeFileSync(codeOf(bundle), Buffer.concat([code, code]));
}

/** Compiles a bundle. Where there is no code beside it, or that of another Node (vm.Script tells by itself), V8 makes it anew. */
export function compileBundle(bundle: string): Script {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { wrap } = process.getBuiltinModule("node:module");
  const { Script } = process.getBuiltinModule("node:vm");
  const cachedData = readCode(codeOf(bundle));
  return new Script(wrap(readFileSync(bundle, "utf8")), { filename: bundle, cachedData });
}

/** The code in a file; `undefined` where there is none, or where it is not as it was written (a disk errs). */
function readCode(path: string): Buffer | undefined {
  try {
    const kept = process.getBuiltinModule("node:fs").readFileSync(path);
    const code = kept.subarray(0, kept.length / 2);
    return code.equals(kept.subarray(code.length)) ? code : undefined;
  } catch {
    return undefined;
  }
}
