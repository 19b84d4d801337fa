// Runs a bundle of the build together with the code that V8 made of it: to compile it again takes longer than most checks do. It imports
// nothing, because for `import` Node parses its own modules, which takes as long again. It also does nothing before it is called: a Node
// that is too old reads this file too.
import type { Script } from "node:vm";

/** The path of the V8 code, beside the bundle. */
export function codeOf(bundle: string): string {
  return bundle.replace(/\.cjs$/, ".code");
}

/** Runs a bundle as `require` would. */
export function runBundle(bundle: string): void {
  const { dirname } = process.getBuiltinModule("node:path");
  const module = { exports: {} };
  const run = compileBundle(bundle).runInThisContext();
  run(module.exports, requireFor(bundle), module, bundle, dirname(bundle));
}

/** The `require` of a bundle. Nearly always it is asked for a module of Node's own, and Node's `createRequire` takes longer than that. */
function requireFor(bundle: string): (name: string) => unknown {
  return (name) =>
    process.getBuiltinModule(name) ?? process.getBuiltinModule("node:module").createRequire(bundle)(name);
}

/** Stores the code of a bundle beside it, twice to detect damage: V8 would run damaged code, and its own checksum takes longest of all. */
export function keepCode(bundle: string, code: Buffer): void {
  process.getBuiltinModule("node:fs").writeFileSync(codeOf(bundle), Buffer.concat([code, code]));
}

/** Compiles a bundle. If its code is missing or from another Node (vm.Script notices that), V8 compiles it again. */
export function compileBundle(bundle: string): Script {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { Script } = process.getBuiltinModule("node:vm");
  const cachedData = readCode(codeOf(bundle));
  // The build leaves no character in the code that is not ASCII, and V8 needs half the memory for these.
  const text = readFileSync(bundle, "latin1");
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${text}\n});`;
  return new Script(wrapped, { filename: bundle, cachedData });
}

/** The code in a file; `undefined` if it is missing or damaged (disks make errors). */
function readCode(path: string): Buffer | undefined {
  try {
    const kept = process.getBuiltinModule("node:fs").readFileSync(path);
    const code = kept.subarray(0, kept.length / 2);
    return code.equals(kept.subarray(code.length)) ? code : undefined;
  } catch {
    return undefined;
  }
}
