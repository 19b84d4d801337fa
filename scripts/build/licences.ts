// The licences of the packages in a build: nearly all of them must be passed on with every copy.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** The folders, below the checkout, of the packages that a bundle contains parts of. */
export function packagesIn({ outputs }: Metafile): string[] {
  const sources = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  return sources.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []);
}

/** One text with the licences of these packages, in the order of their folders. Packages with the same licence share one text. */
export function licencesOf(root: string, packages: Iterable<string>): string {
  const folders = [...new Set(packages)].sort().map((folder) => join(root, folder));
  const byText = Map.groupBy(folders, licenceOf);
  const parts = [...byText].map(([text, them]) => `${them.map(nameOf).join("\n")}\n\n${text}\n`);
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|notice)(\.|$)/i.test(name));
  if (files.length > 0)
    return files.map((name) => readFileSync(join(folder, name), "utf8").trim()).join("\n\n");
  const { license } = readPackage(folder);
  if (!license) throw new Error(`${folder} has no licence`);
  return `The package has no text of its licence: ${license}`;
}

function nameOf(folder: string): string {
  const { name, version } = readPackage(folder);
  return `${name} ${version}`;
}

function readPackage(folder: string): { name: string; version: string; license?: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
