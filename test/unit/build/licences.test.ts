// Whoever is handed a build is handed the licences of what is in it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { licencesOf, packagesIn } from "../../../scripts/build/licences.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "afkill-licences-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Makes a package; returns its folder. */
function packageOf(name: string, files: Readonly<Record<string, string>>, more = {}): string {
  const folder = `node_modules/${name}`;
  mkdirSync(join(root, folder), { recursive: true });
  const all = { ...files, "package.json": JSON.stringify({ name, version: "1.0.0", ...more }) };
  for (const [path, text] of Object.entries(all)) writeFileSync(join(root, folder, path), text);
  return folder;
}

test("the packages of a bundle are those of which it has a byte, within others and of a scope too", () => {
  const inputs = Object.fromEntries(
    [
      ["src/cli.ts", 5],
      ["node_modules/a/index.js", 1],
      ["node_modules/@s/b/lib/node_modules.js", 1],
      ["node_modules/a/node_modules/c/c.js", 1],
      ["node_modules/shaken/index.js", 0],
    ].map(([path, bytesInOutput]) => [path, { bytesInOutput: Number(bytesInOutput) }]),
  );
  const output = { bytes: 8, inputs, imports: [], exports: [] };
  expect(packagesIn({ inputs: {}, outputs: { "dist/cli.js": output } })).toEqual([
    "node_modules/a",
    "node_modules/@s/b",
    "node_modules/a/node_modules/c",
  ]);
});

test("each licence is there once, under the names of all that have it, with what a NOTICE adds", () => {
  const packages = [
    packageOf("b", { LICENSE: "MIT of somebody\n" }),
    packageOf("a", { license: "MIT of somebody" }),
    packageOf("c", { "LICENSE.md": "Apache", NOTICE: "by C", "licenses.js": "no licence" }),
  ];
  const line = "-".repeat(80);
  expect(licencesOf(root, [...packages, ...packages])).toBe(
    `a 1.0.0\nb 1.0.0\n\nMIT of somebody\n\n${line}\n\nc 1.0.0\n\nApache\n\nby C\n`,
  );
});

test("a package without a text is named with what it says, and one that says nothing ends the build", () => {
  const folder = packageOf("a", {}, { license: "MIT" });
  expect(licencesOf(root, [folder])).toBe("a 1.0.0\n\nThe package has no text of its licence: MIT\n");
  expect(() => licencesOf(root, [packageOf("b", {})])).toThrow(/node_modules\/b has no licence/);
});
