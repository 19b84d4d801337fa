// The files of the program directory, and the files outside it that every hook needs.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Change, directory, file, ROOT } from "../change/change.ts";
import { eachPiece } from "../change/content.ts";
import { SetupError } from "../change/setup-error.ts";
import { defaultPolicy } from "../policy/default.ts";
import { run } from "../system/command.ts";
import * as layout from "../system/paths.ts";
import { BUILD_RECORD } from "./build-record.ts";
import { executableMemoryProbe } from "./executable-memory.ts";
import { planLockService } from "./lock-service.ts";
import { LIBATOMIC, ownNode, remedyFor } from "./own-node.ts";
import { SHARED_SOURCES } from "./shared.ts";
import { PRECOMPILER } from "./v8-code.ts";

/** The shell programs. `true`: the file is run; `false`: a shell only reads it. */
const SHELL_PROGRAMS = {
  session: true,
  "forced-command": true,
  watchdog: true,
  hold: true,
  "copy-env": true,
  "profile.sh": false,
};

const PROBE = "executable-memory.so";

/**
 * The loader lists the libraries that Node needs, in a tenth of the time that Node takes to start: its own error names no remedy
 * (ld.so(8)). If this process may not make memory executable, which the loader's failure to map a file shows, Node aborts. It works
 * without its compiler.
 */
const WRAPPER = `\
#!/bin/sh -p
node=${layout.PROGRAM_DIRECTORY}/node cli=${layout.PROGRAM_DIRECTORY}/dist/cli.js
case $(LC_ALL=C LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD=${layout.PROGRAM_DIRECTORY}/${PROBE} $node 2>&1) in
*${LIBATOMIC}" => not found"*) echo "afkill: $node needs ${LIBATOMIC}; ${remedyFor(LIBATOMIC)}" >&2; exit 1 ;;
*" => not found"*) echo "afkill: $node needs a library that is missing; ldd $node names it" >&2; exit 1 ;;
*"/${PROBE}"*"failed to map"*) exec $node --jitless $cli "$@" ;;
esac
exec $node $cli "$@"
`;

/**
 * The program directory as it shall be, each directory before its content, and the command. `dist` is the directory of the running
 * build, which may be the installed one. Throws a `SetupError` if a part of the build is missing.
 */
export function planPrograms(dist: string): Change[] {
  return [...planShipped(dist), envCopy()];
}

/** What a build is for: its machines, as Node calls them (`x64`, `arm64`), and the Node that they run. */
export interface Target {
  readonly arch: string;
  readonly node: string;
}

/** The same without the one file that is made of the host's own. A package ships what is left, also for other machines than this. */
export function planShipped(
  dist: string,
  { arch, node }: Target = { arch: process.arch, node: ownNode(dist) },
): Change[] {
  const at = (...parts: string[]) => join(layout.PROGRAM_DIRECTORY, ...parts);
  const files = buildFiles(dist, arch);
  const directories = new Set(
    files.map((path) => dirname(at("dist", path))).flatMap((path) => withParents(path)),
  );
  return [
    ...[layout.PROGRAM_DIRECTORY, ...[...directories].sort()].map(directory),
    file(at("node"), 0o755, { copyOf: node }),
    ...files.map((path) => file(at("dist", path), 0o644, { copyOf: join(dist, path) })),
    ...Object.entries(SHELL_PROGRAMS).map(([name, runs]) =>
      file(at(name), runs ? 0o755 : 0o644, { copyOf: join(dist, "pam", name) }),
    ),
    file(at(PROBE), 0o644, executableMemoryProbe(arch)),
    ...commands().map((path) => file(path, 0o755, Buffer.from(WRAPPER))),
  ];
}

/** Where the command goes. If sbin and bin are the same directory on this host, both names are one file. */
export function commands(): string[] {
  const { COMMAND, USER_COMMAND } = layout;
  const [sbin, bin] = [COMMAND, USER_COMMAND].map((path) => realpathSync(dirname(path)));
  return sbin === bin ? [COMMAND] : [COMMAND, USER_COMMAND];
}

/** The policy and the PAM service of locks, if there are none yet, and the rotation of the audit, if this host rotates logs. */
export function planConfiguration(dist: string): Change[] {
  const policy = existsSync(layout.POLICY)
    ? []
    : [directory(layout.POLICY_DIRECTORY), file(layout.POLICY, 0o644, Buffer.from(defaultPolicy))];
  const rotation = readFileSync(join(dist, "afkill.logrotate"));
  return [
    ...policy,
    ...planLockService(),
    ...(existsSync(layout.LOGROTATE_DIRECTORY) ? [file(layout.LOGROTATE, 0o644, rotation)] : []),
  ];
}

/** Paths of all files of a build, relative to it. */
function buildFiles(dist: string, arch: string): string[] {
  const needed = [
    "cli.js",
    "locker.js",
    "check.js",
    "wrap.js",
    "ask-pam.js",
    layout.ptyModule(arch),
    BUILD_RECORD,
    PRECOMPILER,
    "afkill.logrotate",
    ...Object.keys(SHELL_PROGRAMS).map((name) => `pam/${name}`),
    ...SHARED_SOURCES,
  ];
  const missing = needed.find((path) => !existsSync(join(dist, path)));
  if (missing !== undefined)
    throw new SetupError(
      `the build has no ${join(dist, missing)}`,
      "run `npm run build` in the checkout first",
    );
  return readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dist, join(entry.parentPath, entry.name)))
    .sort();
}

/** A directory below the program directory, and its parents up to that directory. */
function withParents(path: string): string[] {
  return path === layout.PROGRAM_DIRECTORY ? [] : [...withParents(dirname(path)), path];
}

/**
 * A copy of env(1) that pam_exec can run in a user's environment. It changes the group, so the loader runs it in secure mode (ld.so(8))
 * and drops LD_PRELOAD, LD_AUDIT and GLIBC_TUNABLES. Any group but root's works; a group that owns no files gives no extra power.
 * Mode 2710: nobody else needs it.
 * In an install from a package pam/copy-env makes it.
 */
function envCopy(): Change {
  const env = "/usr/bin/env";
  const source = realpathSync(env);
  let magic = "";
  eachPiece(source, (piece) => {
    magic ||= piece.toString("latin1", 0, 4);
  });
  if (magic !== "\x7fELF")
    throw new SetupError(`${env} is not a program`, "install coreutils and run this again");
  return {
    path: join(layout.PROGRAM_DIRECTORY, "env"),
    wanted: {
      ...ROOT,
      kind: "file",
      gid: unprivilegedGroups()[0],
      mode: 0o2710,
      content: { copyOf: source },
    },
  };
}

/**
 * The groups that the copy may have, the best first: that of the package, else one that every host has. An install makes no group: that
 * would change files that an uninstall could not put back byte for byte. Throws a `SetupError` if the host has none of these groups.
 */
export function unprivilegedGroups(): [number, ...number[]] {
  const names = ["afkill", "nogroup", "nobody"];
  const entries = run("/usr/bin/getent", ["group", ...names])
    .stdout.split("\n")
    .map((it) => it.split(":"));
  const [best, ...others] = names
    .map((name) => Number(entries.find(([found]) => found === name)?.[2]))
    .filter((gid) => Number.isInteger(gid) && gid > 0);
  if (best !== undefined) return [best, ...others];
  throw new SetupError(
    "this host has neither a group nogroup nor a group nobody",
    "add one of them: groupadd --system nogroup",
  );
}
