// What an installed afkill is made of stands under `dependencies`, and nothing else does: the rest is for building and testing.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const checkout = resolve(import.meta.dirname, "../../..");
/** What the build adds to a program, outside src. */
const STARTERS = ["bundle.ts", "start.ts", "start-elsewhere.ts", "precompile.ts"].map(
  (name) => `scripts/build/${name}`,
);

interface Wanted {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The packages that a source asks for: with `import` in any form, for types too, or with a `require` that it makes. */
function packagesIn(text: string): string[] {
  const asked =
    /(?:(?:\bfrom |\bimport |\bimport\(|\brequire\()"|\bcreateRequire\([^)]*\)\(["`])([\w@][^"`$\n]*)/g;
  return [...text.matchAll(asked)]
    .map(([, path = ""]) => path)
    .filter((path) => !isBuiltin(path))
    .map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
}

/** What sources ask for and would not get, and what they would get and do not ask for. */
function faultsIn(sources: Readonly<Record<string, string>>, wanted: Wanted): string[] {
  const asked = Object.entries(sources).flatMap(([file, text]) =>
    packagesIn(text).map((name) => ({ file, name })),
  );
  const given = new Set(Object.keys({ ...wanted.dependencies, ...wanted.optionalDependencies }));
  const used = new Set(asked.map(({ name }) => name));
  return [
    ...asked
      .filter(({ name }) => !given.has(name))
      .map(({ file, name }) => `${file}: ${name} is no dependency`),
    ...Object.keys(wanted.dependencies)
      .filter((name) => !used.has(name))
      .map((name) => `nothing imports ${name}`),
  ];
}

const read = (path: string) => readFileSync(join(checkout, path), "utf8");

test("every package that a program imports is a dependency, and every dependency is imported", () => {
  const names = readdirSync(join(checkout, "src"), { recursive: true, encoding: "utf8" });
  const files = [...names.filter((name) => /\.tsx?$/.test(name)).map((name) => `src/${name}`), ...STARTERS];
  const sources = Object.fromEntries(files.map((path) => [path, read(path)]));
  expect(files.length).toBeGreaterThan(200);
  expect(faultsIn(sources, JSON.parse(read("package.json")))).toEqual([]);
});

describe("what is planted is found", () => {
  const wanted = { dependencies: { there: "1.0.0" }, optionalDependencies: { perhaps: "1.0.0" } };
  test.each([
    ["an import", 'import { a } from "gone";'],
    ["one for its effect", 'import "gone";'],
    ["one of a type", 'import type { A } from "gone/types";'],
    ["one while it runs", 'await import("gone");'],
    ["one that is handed on", 'export * from "gone";'],
    ["a require", "createRequire(import.meta.url)(`gone/$" + "{process.arch}/a.node`);"],
  ])("%s of a package that is no dependency", (_, text) => {
    expect(faultsIn({ "a.ts": `import "there";\n${text}` }, wanted)).toEqual(["a.ts: gone is no dependency"]);
  });

  test("a package of a scope", () => {
    expect(faultsIn({ "a.ts": 'import "there";\nimport "@some/gone/part";' }, wanted)).toEqual([
      "a.ts: @some/gone is no dependency",
    ]);
  });

  test("a dependency that nothing imports, unless it is optional", () => {
    expect(faultsIn({ "a.ts": 'import { a } from "./there.ts"; import "node:fs";' }, wanted)).toEqual([
      "nothing imports there",
    ]);
  });
});
