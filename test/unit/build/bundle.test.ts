// A program starts from its bundle, whatever stands beside it for its code.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { codeOf, compileBundle, keepCode } from "../../../scripts/build/bundle.ts";

const TEXT = `
function greet(name) { return "hello " + name; }
globalThis.said = greet(require("./part.cjs").name) + " from " + __filename;
`;

let directory = "";
let bundle = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-bundle-"));
  bundle = join(directory, "program-main.cjs");
  writeFileSync(bundle, TEXT);
  writeFileSync(join(directory, "part.cjs"), 'exports.name = "part";');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs it in a process of its own (V8 remembers what one has compiled); returns what it said, and whether V8 took its code. */
function ran(): { said: string; took?: boolean } {
  const module = join(import.meta.dirname, "../../../scripts/build/bundle.ts");
  const script = `
    import { compileBundle, runBundle } from ${JSON.stringify(module)};
    const { cachedDataRejected } = compileBundle(${JSON.stringify(bundle)});
    runBundle(${JSON.stringify(bundle)});
    console.log(JSON.stringify({ said, took: cachedDataRejected === undefined ? undefined : !cachedDataRejected }));`;
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }),
  );
}
const said = () => `hello part from ${bundle}`;

test("without code it is compiled, with its own code it is not", () => {
  expect(ran()).toEqual({ said: said() });
  keepCode(bundle, compileBundle(bundle).createCachedData());
  expect(ran()).toEqual({ said: said(), took: true });
});

test.each([
  ["nothing", () => Buffer.alloc(0)],
  ["garbage", () => Buffer.from("no code at all, but of some length, so that there is a header to look at")],
  ["half of it", (code: Buffer) => code.subarray(0, code.length >> 1)],
])("with %s for code it is compiled", (_, spoilt) => {
  keepCode(bundle, spoilt(compileBundle(bundle).createCachedData()));
  expect(ran()).toEqual({ said: said(), took: false });
});

test("code of which a byte has changed, or which was cut off, is not taken", () => {
  keepCode(bundle, compileBundle(bundle).createCachedData());
  const good = readFileSync(codeOf(bundle));
  for (const part of [0.1, 0.3, 0.5, 0.9]) {
    const code = Buffer.from(good);
    const at = Math.floor(part * code.length);
    code[at] = (code[at] ?? 0) ^ 1;
    writeFileSync(codeOf(bundle), code);
    expect(ran()).toEqual({ said: said() });
    writeFileSync(codeOf(bundle), good.subarray(0, at));
    expect(ran()).toEqual({ said: said() });
  }
});

test("the code of a bundle that was longer is not taken", () => {
  keepCode(bundle, compileBundle(bundle).createCachedData());
  writeFileSync(bundle, TEXT.replace("hello", "hi"));
  expect(ran()).toEqual({ said: said().replace("hello", "hi"), took: false });
});

test("a build keeps the code of every function, and a program takes it", () => {
  const precompile = join(import.meta.dirname, "../../../scripts/build/precompile.ts");
  execFileSync(process.execPath, [precompile, bundle]);
  // That of a function which nothing calls is larger than its text.
  const before = readFileSync(codeOf(bundle)).length;
  writeFileSync(bundle, `${TEXT}function never() { ${"if (globalThis.said) never(1, 2, 3);".repeat(50)} }`);
  execFileSync(process.execPath, [precompile, bundle]);
  expect(readFileSync(codeOf(bundle)).length).toBeGreaterThan(before + 2000);
  expect(ran()).toEqual({ said: said(), took: true });
});
