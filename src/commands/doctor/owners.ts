// Whether anybody but root can change what root runs, reads or trusts.
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { look } from "../../change/change.ts";
import { codeOf } from "../../change/setup-error.ts";
import * as layout from "../../system/paths.ts";
import { type Check, error, type Problem } from "./finding.ts";
import type { Installation } from "./installation.ts";

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

/** In a directory of another user, a file of root can be replaced. /var/log is left out: on some hosts the syslog may write to it. */
const WITH_PARENTS = [layout.PROGRAM_DIRECTORY, layout.COMMAND, layout.USER_COMMAND, layout.POLICY_DIRECTORY];

export const owners: Check = {
  id: "owners",
  fine: "afkill's programs, policy, state and audit belong to root, and nobody else can write to them",
  find: (installation) => {
    const trees = [...WITH_PARENTS, layout.RUN_DIRECTORY, layout.AUDIT_DIRECTORY, ...hookFiles(installation)];
    return [
      ...parentsOf(WITH_PARENTS).flatMap((path) => wrongIn([path])),
      ...trees.flatMap((path) => wrongIn(below(path))),
    ];
  },
};

function hookFiles({ manifest }: Installation): string[] {
  const recorded = manifest?.files.filter(({ role }) => role === "pam").map(({ path }) => path) ?? [];
  return [
    ...recorded,
    layout.OWN_SERVICE_FILE,
    layout.PAM_DROP_IN,
    layout.DROP_IN,
    layout.TIMEOUTS,
    layout.PROFILE,
    layout.LOGROTATE,
  ];
}

function parentsOf(paths: readonly string[]): string[] {
  const above = (path: string): string[] => (path === "/" ? [path] : [path, ...above(dirname(path))]);
  return [...new Set(paths.flatMap((path) => above(dirname(path))))];
}

/** A path and everything below it, without following links. Files that vanish meanwhile are left out: logins end at any time. */
function below(path: string): string[] {
  try {
    if (!lstatSync(path).isDirectory()) return [path];
    return [path, ...readdirSync(path).flatMap((name) => below(join(path, name)))];
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT" || codeOf(thrown) === "ENOTDIR") return [];
    throw thrown;
  }
}

/** One problem for all paths that another user owns, and one for all paths that others may write to. */
function wrongIn(paths: readonly string[]): Problem[] {
  const found = paths.flatMap((path) => {
    const stats = look(path);
    return stats === undefined ? [] : [{ path, stats }];
  });
  const foreign = found.filter(({ stats }) => stats.uid !== 0);
  const open = found.filter(({ stats }) => isOpen(stats));
  return [
    ...told(foreign, ({ path, stats }) => `${path} belongs to uid ${stats.uid}, not to root`, "chown root"),
    ...told(
      open,
      ({ path, stats }) => `${path} can be written to by others (mode ${octal(stats)})`,
      "chmod go-w",
    ),
  ];
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
}

function told(
  [first, ...more]: readonly Found[],
  sentence: (first: Found) => string,
  command: string,
): Problem[] {
  if (first === undefined) return [];
  const others = more.length === 0 ? "" : ` (and ${more.length} more below)`;
  const paths = [first, ...more].map(({ path }) => path);
  // Nobody can copy a command with a long list.
  const which = paths.length <= 4 ? paths.join(" ") : `${first.path} and the ${more.length} others below it`;
  return [error(`${sentence(first)}${others}`, `${command} ${which}`)];
}

/** The mode of a link means nothing. In a sticky directory others can only add files. */
function isOpen(stats: Stats): boolean {
  if (stats.isSymbolicLink() || (stats.mode & WRITABLE_BY_OTHERS) === 0) return false;
  return !(stats.isDirectory() && (stats.mode & STICKY) !== 0);
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
