// Writes dist/: everything that an installed afkill runs, apart from its Node.
//   cli.js, check.js   the two programs, each one file with its own chunks: a check loads nothing that only the CLI needs
//   node_modules/      koffi, which finds its native half by a path relative to its own file, so it cannot be bundled
//   pam/               the shell programs
//   afkill.logrotate
//   afkill.schema.json the policy's JSON Schema, for editors
//   completion/, man/  for the host's shells and its man(1), made from the commander program
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import { completionScript } from "../src/completion/script.ts";
import { SHELLS } from "../src/completion/shells.ts";
import { manualOf } from "../src/man/manual.ts";
import { outlineOf } from "../src/outline.ts";
import { policyJsonSchema } from "../src/policy/json-schema.ts";
import { newProgram } from "../src/program.ts";
import { POLICY_SCHEMA } from "../src/setup/layout.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const native = `@koromix/koffi-linux-${process.arch}`;

const REQUIRE = 'import { createRequire as cr } from "node:module"; const require = cr(import.meta.url);';

/** Bundles one program. What it imports dynamically becomes a chunk of its own, read only when it is asked for. */
async function bundle(name: string): Promise<void> {
  await build({
    entryPoints: [join(root, "src", `${name}.ts`)],
    outdir: dist,
    chunkNames: `${name}-[name]-[hash]`,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node26",
    // React's and Ink's development tools are not for users.
    external: ["koffi", "react-devtools-core"],
    define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
    // Some libraries of the CLI are CommonJS and ask for Node's own modules with `require`.
    ...(name === "cli" && { banner: { js: REQUIRE } }),
    legalComments: "eof",
    logLevel: "warning",
  });
}

/** Copies files below node_modules to the same place below dist/node_modules. */
function copyModules(paths: readonly string[]): void {
  for (const path of paths) {
    const from = join(root, "node_modules", path);
    const to = join(dist, "node_modules", path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
    chmodSync(to, 0o644);
  }
}

function copyPrograms(): void {
  mkdirSync(join(dist, "pam"), { recursive: true });
  for (const name of readdirSync(join(root, "pam"))) cpSync(join(root, "pam", name), join(dist, "pam", name));
  cpSync(join(root, "src/audit/afkill.logrotate"), join(dist, "afkill.logrotate"));
}

function writeShared(): void {
  const program = outlineOf(newProgram());
  const files = [
    ...SHELLS.map((shell) => [`completion/${shell}`, completionScript(shell, program)] as const),
    ...Object.entries(manualOf(program)).map(([name, page]) => [`man/${name}`, page] as const),
  ];
  for (const [path, text] of files) {
    mkdirSync(join(dist, dirname(path)), { recursive: true });
    writeFileSync(join(dist, path), text);
  }
}

rmSync(dist, { recursive: true, force: true });
copyModules([
  "koffi/package.json",
  "koffi/LICENSE.txt",
  "koffi/indirect.js",
  "koffi/src/koffi/indirect.js",
  `${native}/package.json`,
  `${native}/index.js`,
  // The build for glibc; Node's own binary needs glibc too.
  `${native}/linux_${process.arch}/koffi.node`,
]);
copyPrograms();
writeShared();
writeFileSync(join(dist, basename(POLICY_SCHEMA)), `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
// Without it, Node would take each installed program for CommonJS first, and read it twice.
writeFileSync(join(dist, "package.json"), '{ "type": "module" }\n');
await bundle("cli");
await bundle("check");
