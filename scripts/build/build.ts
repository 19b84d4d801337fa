// Writes dist/: everything that an installed afkill runs, apart from its Node.
//   build.ts [--arch x64|arm64]   for these machines; node_modules must have the native packages for them
//   cli.js, check.js, wrap.js, ask-pam.js   the programs, each with its own files: a check loads nothing that only the CLI needs
//   *-main-*.cjs, .code         what the first two run, and the V8 code of it
//   precompile.js      makes that code anew, for another Node (src/setup/v8-code.ts)
//   locker.js          locks a terminal; one process for each lock
//   build.json         how old the build and its Node are
//   node_modules/      the native halves of koffi and node-pty
//   pam/               the shell programs
//   selinux/           the text of a policy module, for hosts with SELinux
//   LICENSES           of the packages in it, and of Node
//   sbom.cdx.json      which packages these are
//   afkill.logrotate
//   afkill.schema.json the policy's JSON Schema, for editors
//   completion/, man/  for the host's shells and its man(1), made from the commander program
import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, parse, relative } from "node:path";
import { parseArgs } from "node:util";
import { type BuildOptions, build, type Plugin, type PluginBuild } from "esbuild";
import { newProgram } from "../../src/commands/program.ts";
import { completionScript } from "../../src/console/completion/script.ts";
import { outlineOf } from "../../src/console/outline.ts";
import { BUILD_RECORD } from "../../src/setup/build-record.ts";
import { PRECOMPILER } from "../../src/setup/v8-code.ts";
import { POLICY_SCHEMA, ptyModule } from "../../src/system/paths.ts";
import { SHELLS } from "../../src/system/shells.ts";
import { buildRecord } from "./build-record.ts";
import { policyJsonSchema } from "./json-schema.ts";
import { licencesOf, packagesIn } from "./licences.ts";
import { manualOf } from "./man/manual.ts";
import { sbomOf } from "./sbom.ts";

const root = join(import.meta.dirname, "../..");
const dist = join(root, "dist");
const { values } = parseArgs({ options: { arch: { type: "string", default: process.arch } } });
const koffi = `@koromix/koffi-linux-${values.arch}`;
/** The build for glibc; Node's own binary needs glibc too. */
const KOFFI_MODULE = `${koffi}/linux_${values.arch}/koffi.node`;

/** Takes only the native half of koffi. The other half searches for it, and loads more slowly than anything else that a check needs. */
const nativeKoffi: Plugin = {
  name: "koffi",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^koffi\/indirect$/ }, ({ path }) => ({ path, namespace: "koffi" }));
    onLoad({ filter: /^/, namespace: "koffi" }, () => ({
      // To look a module up takes as long as to load this one.
      contents: `const module = { exports: {} };
        process.dlopen(module, import.meta.dirname + "/node_modules/${KOFFI_MODULE}");
        export default module.exports;`,
    }));
  },
};

/** The options for the bundle of every program. */
const COMMON = {
  bundle: true,
  platform: "node",
  target: "node26",
  // React's and Ink's development tools are not for users.
  external: ["react-devtools-core", "*.node"],
  define: { "process.env.NODE_ENV": '"production"', "process.env.DEV": '"false"' },
  legalComments: "eof",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Large parts of a program that are rarely needed. They get their own files, with copies of what they share with the program. */
const APART = {
  cli: ["src/commands/top/start.ts", "src/commands/top/run.tsx", "src/policy/locate.ts"],
  // A policy that has not changed, and a memory of the same program's, are not examined again.
  check: ["src/policy/load.ts", "src/policy/locate.ts", "src/guard/memory-form.ts"],
} as const;
type Program = keyof typeof APART;

/** The folders of the packages that the build contains parts of. */
const packages = new Set(
  ["koffi", koffi, "node-pty", `node-linux-${values.arch}`].map((name) => `node_modules/${name}`),
);

const REQUIRE = 'import { createRequire as cr } from "node:module"; const require = cr(import.meta.url);';

/** Leaves these parts out of a program's file. `parts` gets their sources, by the name of the file that they go to. */
function leaveOut(name: Program, parts: Map<string, string>): Plugin {
  const setup = ({ onResolve }: PluginBuild) =>
    onResolve({ filter: /\.tsx?$/ }, ({ kind, path, resolveDir }) => {
      const source = relative(root, join(resolveDir, path));
      if (kind !== "dynamic-import" || !(APART[name] as readonly string[]).includes(source)) return undefined;
      // Ink, which needs JSX, is a module with a top-level await.
      const file = `${name}-${parse(source).name}.${source.endsWith("x") ? "mjs" : "cjs"}`;
      parts.set(file, source);
      return { path: `./${file}`, external: true };
    });
  return { name: "apart", setup };
}

/** Makes a program: NAME-main-HASH.cjs, the files of its large parts, and NAME.js, which runs it. Returns the name of the first. */
async function bundle(name: Program): Promise<string> {
  const files = new Map([[`${name}-main.cjs`, `src/${name}.ts`]]);
  // The map grows during the loop: a part may have parts.
  for (const [file, source] of files) {
    const plugins = [nativeKoffi, leaveOut(name, files)];
    await (file.endsWith(".mjs") ? makeModule(file, source) : makeScript(file, source, plugins));
  }
  const made = join(dist, `${name}-main.cjs`);
  const main = `${name}-main-${hash("sha256", readFileSync(made)).slice(0, 8)}.cjs`;
  renameSync(made, join(dist, main));
  await makeModule(`${name}.js`, "scripts/build/start.ts", {
    BUNDLE: JSON.stringify(main),
    NODE_MAJOR: String(Number.parseInt(process.versions.node, 10)),
  });
  return main;
}

/** Makes one CommonJS file. It starts faster than a module: for `import` Node parses each of its own modules. */
async function makeScript(file: string, source: string, plugins: Plugin[]): Promise<void> {
  await make({
    ...COMMON,
    entryPoints: [join(root, source)],
    outfile: join(dist, file),
    format: "cjs",
    define: { ...COMMON.define, "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
    // A script that runs from V8 code (scripts/build/bundle.ts) has no `import()`.
    supported: { "dynamic-import": source === "src/commands/top/start.ts" },
    plugins,
  });
}

/** Makes a module. Each dynamic import becomes its own chunk, which is read only when it is needed. */
async function makeModule(file: string, source: string, define: Record<string, string> = {}): Promise<void> {
  const { name, ext } = parse(file);
  await make({
    ...COMMON,
    entryPoints: { [name]: join(root, source) },
    outdir: dist,
    outExtension: { ".js": ext },
    chunkNames: `${name}-[name]-[hash]`,
    splitting: true,
    format: "esm",
    define: { ...COMMON.define, ...define },
    plugins: [nativeKoffi],
    // Some libraries are CommonJS and load Node's own modules with `require`.
    ...(ext === ".mjs" && { banner: { js: REQUIRE } }),
  });
}

async function make(options: BuildOptions): Promise<void> {
  const { metafile } = await build({ ...options, absWorkingDir: root, metafile: true });
  for (const folder of packagesIn(metafile)) packages.add(folder);
}

/** Stores the V8 code of a bundle, unless it is for other machines. In its own process, because it changes how V8 compiles. */
function precompile(main: string): void {
  if (values.arch !== process.arch) return;
  const script = join(root, "scripts/build/precompile.ts");
  execFileSync(process.execPath, ["--hash-seed=1", script, main], { cwd: dist });
}

/** Copies files below node_modules to the same path below dist/node_modules. */
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
  cpSync(join(root, "contrib/selinux"), join(dist, "selinux"), { recursive: true });
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
  KOFFI_MODULE,
  "node-pty/package.json",
  relative("node_modules", ptyModule(values.arch)),
]);
copyPrograms();
writeShared();
writeFileSync(join(dist, basename(POLICY_SCHEMA)), `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
// Without it, Node would first read each installed program as CommonJS, and then again as a module.
writeFileSync(join(dist, "package.json"), '{ "type": "module" }\n');
writeFileSync(join(dist, BUILD_RECORD), `${JSON.stringify(buildRecord(root), null, 2)}\n`);
await makeModule("wrap.js", "src/wrap.ts");
await makeModule("ask-pam.js", "src/ask-pam.ts");
await makeModule(PRECOMPILER, "scripts/build/precompile.ts");
await makeModule("locker.js", "src/locker.ts");
precompile(await bundle("cli"));
precompile(await bundle("check"));
writeFileSync(join(dist, "LICENSES"), licencesOf(root, packages));
const lockfile = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
writeFileSync(join(dist, "sbom.cdx.json"), `${JSON.stringify(sbomOf(lockfile, packages), null, 2)}\n`);
