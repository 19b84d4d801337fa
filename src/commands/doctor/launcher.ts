// The copy of env(1) that drops a user's environment before a program of root starts.
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { look } from "../../change/change.ts";
import { digestOf } from "../../change/content.ts";
import { mountOf } from "../../change/mount.ts";
import { entryOf, type Manifest } from "../../setup/manifest.ts";
import { isPackaged } from "../../setup/packaged.ts";
import { unprivilegedGroups } from "../../setup/programs.ts";
import { PROGRAM_DIRECTORY } from "../../system/paths.ts";
import { type Check, error, orProblem, type Problem, warning } from "./finding.ts";
import { isRoots } from "./installation.ts";

const LAUNCHER = join(PROGRAM_DIRECTORY, "env");
const REMEDY = isPackaged()
  ? `sudo ${join(PROGRAM_DIRECTORY, "copy-env")} makes a new one`
  : "sudo afkill install --hook pam makes a new one";
const MODE = 0o2710;

export const launcher: Check = {
  id: "launcher",
  concerns: isRoots,
  fine: `${LAUNCHER} is env(1), set-group-ID`,
  find: ({ manifest }) => orProblem(() => [...wrongOwner(), ...wrongBytes(manifest)], REMEDY),
};

function wrongOwner(): Problem[] {
  const stats = look(LAUNCHER);
  if (stats === undefined) return [error(`there is no ${LAUNCHER}: no login gets a watchdog`, REMEDY)];
  if (!stats.isFile()) return [error(`${LAUNCHER} is not a regular file`, `rm ${LAUNCHER}, then ${REMEDY}`)];
  // Each of them protects. A group afkill may have come after the install.
  const groups = unprivilegedGroups();
  const mode = stats.mode & 0o7777;
  if (stats.uid === 0 && groups.includes(stats.gid) && mode === MODE) return [];
  const is = `owner ${stats.uid}:${stats.gid}, mode ${mode.toString(8)}`;
  return [
    error(
      `${LAUNCHER} has ${is}, expected owner 0:${groups[0]}, mode ${MODE.toString(8)}: a user's LD_PRELOAD may reach root's programs`,
      REMEDY,
    ),
  ];
}

function wrongBytes(manifest: Manifest | undefined): Problem[] {
  if (!look(LAUNCHER)?.isFile()) return [];
  const digest = digestOf({ copyOf: LAUNCHER });
  if (digest === digestOf({ copyOf: realpathSync("/usr/bin/env") })) return [];
  if (manifest !== undefined && entryOf(LAUNCHER, manifest)?.digest === digest)
    return [warning(`${LAUNCHER} is a copy of an older env(1): /usr/bin/env was upgraded later`, REMEDY)];
  return [error(`${LAUNCHER} is not a copy of /usr/bin/env`, REMEDY)];
}

export const launcherMount: Check = {
  id: "launcher-mount",
  concerns: isRoots,
  fine: `${PROGRAM_DIRECTORY} is on a mount without nosuid and noexec`,
  find: () => {
    const { point, options } = mountOf(LAUNCHER, readFileSync("/proc/self/mountinfo", "utf8"));
    return options
      .filter((option) => option === "nosuid" || option === "noexec")
      .map((bad) =>
        error(
          `${LAUNCHER} is on ${point}, which is mounted ${bad}: ${bad === "nosuid" ? "a user's LD_PRELOAD would reach a program that runs as root" : "no login gets a watchdog"}`,
          `mount -o remount,${bad === "nosuid" ? "suid" : "exec"} ${point}, and remove ${bad} from /etc/fstab`,
        ),
      );
  },
};
