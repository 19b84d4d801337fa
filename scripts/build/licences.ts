// The licences of the packages that a build has in it: nearly all of them ask to be handed on with every copy.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** The folders of the packages, below the checkout, of which something is in a bundle. */
export function packagesIn({ outputs }: Metafile): string[] {
  const sources = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  return sources.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []);
}

/** One text with the licences of these packages, in the order of their folders; those that have the same stand above it together. */
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
