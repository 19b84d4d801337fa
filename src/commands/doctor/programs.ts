// Whether the programs are as they were installed, and whether they run.
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { look } from "../../change/change.ts";
import { digestOf } from "../../change/content.ts";
import { isDiverted } from "../../setup/diversion.ts";
import { entryOf, type Manifest } from "../../setup/manifest.ts";
import { changedFiles, manager } from "../../setup/package-manager.ts";
import { isPackaged } from "../../setup/packaged.ts";
import { run, said } from "../../system/command.ts";
import {
  COMMAND,
  MANIFEST,
  NODE,
  PACKAGED_NODE,
  POLICY,
  PROGRAM_DIRECTORY,
  RUN_DIRECTORY,
  USER_COMMAND,
} from "../../system/paths.ts";
import { type Check, error, type Problem, problemOf, warning } from "./finding.ts";
import { isRoots } from "./installation.ts";
import { runNode } from "./run-node.ts";

const REMEDY = isPackaged()
  ? `${manager().reinstall}, with the same version of the package`
  : "run afkill install again, from the checkout or package that it came from";
const at = (...parts: string[]) => join(PROGRAM_DIRECTORY, ...parts);
const RUN_BY_ALL = [
  at("node"),
  at("session"),
  at("forced-command"),
  at("watchdog"),
  at("hold"),
  COMMAND,
  USER_COMMAND,
];

export const programs: Check = {
  id: "programs",
  fine: `the programs in ${PROGRAM_DIRECTORY} are as they were installed`,
  find: ({ manifest, manifestError }) => {
    if (manifestError !== undefined) return [problemOf(manifestError, REMEDY)];
    if (isPackaged()) return [...leftHalfDone(), ...changedSincePackaged(), ...wrongNode(manifest)];
    if (manifest === undefined)
      return [error(`there is no ${MANIFEST}: whether the programs are complete is not known`, REMEDY)];
    const ours = manifest.files.filter(({ role }) => role === "program");
    return ours.flatMap(({ path, digest }) => wrongWith(path, digest));
  },
};

function wrongWith(path: string, digest: string, remedy: string = REMEDY): Problem[] {
  const stats = look(path);
  if (stats === undefined) return [error(`${path} is missing`, remedy)];
  if (!stats.isFile() || digestOf({ copyOf: path }) !== digest)
    return [error(`${path} is not as it was installed`, remedy)];
  // The check of the launcher decides who may run the launcher.
  const needed = RUN_BY_ALL.includes(path) ? 0o555 : path === at("env") ? 0 : 0o444;
  if ((stats.mode & needed) === needed) return [];
  const rights = needed === 0o555 ? "rx" : "r";
  return [error(`${path} has mode ${(stats.mode & 0o7777).toString(8)}`, `chmod a+${rights} ${path}`)];
}

/** An installation or upgrade that dpkg could not finish, as on a full disk. dpkg-query(1) names the states and flags. */
function leftHalfDone(): Problem[] {
  const { status, stdout } = run("/usr/bin/dpkg-query", ["--show", `--showformat=\${Status}`, "afkill"]);
  const [, flag, state] = stdout.split(" ");
  if (status !== 0 || (state === "installed" && flag === "ok")) return [];
  const todo = flag === "ok" ? "sudo dpkg --configure -a" : REMEDY;
  return [
    error(
      `dpkg has not finished with the package afkill (it is ${state}${flag === "ok" ? "" : `, ${flag}`})`,
      `make sure that no disk is full (df), then: ${todo}`,
    ),
  ];
}

/** What the package manager finds changed. */
function changedSincePackaged(): Problem[] {
  const [path, args] = manager().verify;
  const ran = run(path, args);
  const found = changedFiles(ran.stdout);
  // Files that were changed are no success either, but then there are lines on them.
  if (found === undefined && ran.status !== 0)
    return [
      error(`${path} does not say whether the programs are as they were installed (${said(ran)})`, REMEDY),
    ];
  return (found ?? [])
    .filter((it) => it.path.startsWith(`${PROGRAM_DIRECTORY}/`) || RUN_BY_ALL.includes(it.path))
    .map((it) => error(`${it.path} is ${it.isMissing ? "missing" : "not as it was installed"}`, REMEDY));
}

/** Dpkg does not know the Node of an administrator that is in the place of its own. */
function wrongNode(manifest: Manifest | undefined): Problem[] {
  if (!isDiverted()) return [];
  const again = `sudo afkill install --node ${PACKAGED_NODE} puts the package's Node back into use`;
  const entry = manifest && entryOf(NODE, manifest);
  if (entry !== undefined) return wrongWith(NODE, entry.digest, again);
  return [error(`another Node than the package's is in use, and nothing tells its version`, again)];
}

/** Starts a check as a watchdog does, but without a login. It loads everything that it needs, and then finds that the login is gone. */
export const node: Check = {
  id: "node",
  fine: "afkill's own Node starts a check",
  find: (installation) => {
    const launcher = isRoots(installation) ? [at("env"), "-i"] : [];
    const check = [at("dist/check.js"), "--state", "/dev/null/afkill", "--config", POLICY];
    const { ran, jitless } = runNode(check, launcher);
    if (ran.status !== 0 || ran.stdout !== "done\n")
      return [error(`a check does not start (${said(ran)}): no login is ended`, REMEDY)];
    const denied = jitlessWatchdogs();
    return [
      ...(jitless ? [withoutCompiler("this process")] : []),
      ...(denied > 0 ? [withoutCompiler(denied === 1 ? "a watchdog" : `${denied} watchdogs`)] : []),
    ];
  },
};

function withoutCompiler(who: string): Problem {
  return warning(
    `${who} may not make memory executable (SELinux without execmem, MemoryDenyWriteExecute= of a unit): Node runs there without its compiler (--jitless), and is slower`,
    "nothing has to be done; to allow it: setsebool -P deny_execmem 0, or MemoryDenyWriteExecute=no in the unit (for watchdogs: sshd's unit)",
  );
}

/** How many of root's watchdogs can only start checks without V8's compiler: each leaves a file beside its memory. */
function jitlessWatchdogs(): number {
  if (!existsSync(RUN_DIRECTORY)) return 0;
  const logins = readdirSync(RUN_DIRECTORY).filter((name) => /^\d+-\d+$/.test(name));
  return logins.filter((name) => existsSync(join(RUN_DIRECTORY, name, "jitless"))).length;
}

const BINARIES = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** The tools that the watchdog and the check call, and their Debian packages. */
const TOOLS: Readonly<Record<string, string>> = {
  setsid: "util-linux",
  flock: "util-linux",
  logger: "bsdutils",
  date: "coreutils",
  sleep: "coreutils",
  touch: "coreutils",
  id: "coreutils",
  getent: "libc-bin",
};

export const tools: Check = {
  id: "tools",
  fine: `the tools that a watchdog calls are installed (${Object.keys(TOOLS).join(", ")})`,
  find: () =>
    Object.entries(TOOLS).flatMap(([name, home]) =>
      BINARIES.some((directory) => isProgram(join(directory, name)))
        ? []
        : [
            error(
              `there is no ${name}, which a watchdog calls`,
              `apt install --reinstall ${home} (where there is no apt: dnf install /usr/bin/${name})`,
            ),
          ],
    ),
};

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
