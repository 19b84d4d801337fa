// The bill of materials of a build: which packages it has parts of, as CycloneDX 1.6 in JSON (ECMA-424). Scanners look for known faults in
// them. It has no time and no serial number, so the same build always gives the same bytes.

/** A package as package-lock.json has it. */
interface Locked {
  readonly version: string;
  readonly integrity: string;
  readonly license: string;
}

interface Lockfile {
  readonly name: string;
  readonly version: string;
  readonly packages: Readonly<Record<string, Partial<Locked>>>;
}

/** The bill of materials. `folders`: the packages, as the lockfile names them. Throws if the lockfile does not say all about one. */
export function sbomOf({ name, version, packages }: Lockfile, folders: Iterable<string>): object {
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { "bom-ref": name, type: "application", name, version, licenses: licensesOf("MIT") },
    },
    components: [...new Set(folders)].sort().map((folder) => componentOf(folder, packages[folder])),
  };
}

function componentOf(folder: string, locked: Partial<Locked> | undefined): object {
  const { version, integrity, license } = locked ?? {};
  if (version === undefined || integrity === undefined || license === undefined)
    throw new Error(`package-lock.json does not say the version, the digest and the license of ${folder}`);
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  const [algorithm = "", digest = ""] = integrity.split("-");
  const isNode = name.startsWith("node-linux-");
  return {
    "bom-ref": folder,
    type: isNode ? "platform" : "library",
    name,
    version,
    hashes: [
      { alg: algorithm.replace("sha", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") },
    ],
    licenses: licensesOf(license),
    // Faults of Node are published under this name.
    ...(isNode && { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` }),
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
  };
}

/** One license by its SPDX identifier, or an expression of several. */
function licensesOf(license: string): object[] {
  return [/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license }];
}
