// Prints what package-lock.json needs on this machine but node_modules lacks, one per line. It runs on the Node that npm runs on.
// npm silently leaves out optional packages that need a newer Node than its own.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "../..");

/** The packages of a lockfile by their paths; empty if there is no such file. */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  } catch {
    return {};
  }
}

/**
 * Whether a package is for this machine. A missing field means all; everything here is for glibc, as Node is. An optional package that
 * names no processor belongs to one that does, possibly for another processor.
 */
function isForHere({ os, cpu, libc, optional }) {
  const has = (list, name) => list === undefined || list.includes(name);
  return has(os, "linux") && has(cpu, process.arch) && has(libc, "glibc") && !(optional && cpu === undefined);
}

const present = packagesOf("node_modules/.package-lock.json");
for (const [path, wanted] of Object.entries(packagesOf("package-lock.json")))
  if (path !== "" && isForHere(wanted) && present[path]?.version !== wanted.version)
    process.stdout.write(`${path}\n`);
