// Plans an uninstall and carries it out. It uses the manifest; if the manifest is lost, it uses known paths.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ABSENT, type Change, look } from "../change/change.ts";
import { leftBeside } from "../change/step.ts";
import { carryOutAll } from "../change/transaction.ts";
import { planTimeoutsBack } from "../sshd/revert.ts";
import { complaint, mustBeGood, reloadSshd, settings } from "../sshd/sshd.ts";
import * as layout from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { entryOf, type Manifest, NOTHING_INSTALLED, readManifest } from "./manifest.ts";
import { commands } from "./programs.ts";
import { pamFiles, planOwnFileBack, planPamBack, planRemoval, planUneditedBack } from "./restore.ts";

const DATA = [layout.POLICY_DIRECTORY, layout.AUDIT_DIRECTORY];

export interface UninstallPlan {
  readonly changes: readonly Change[];
  /** What stays, and why, one line each. */
  readonly kept: readonly string[];
}

/** Plans to undo every install. `purge`: also removes the policy and the audit. Throws a `SetupError` if it is not certain to work. */
export function planUninstall(purge: boolean): UninstallPlan {
  const manifest = readManifest() ?? NOTHING_INSTALLED;
  const data = DATA.filter((path) => look(path) !== undefined);
  const forOthers = [layout.LOGROTATE, ...Object.values(layout.COMPLETIONS), ...layout.MAN_PAGES];
  const scripts = [layout.PROFILE, ...commands()];
  const pam = pamFiles(manifest);
  const changes = [
    // Hooks first: no hook may start a program that is already removed.
    ...pam.flatMap((path) => planPamBack(path, manifest)),
    ...planOwnFileBack(layout.DROP_IN, manifest),
    ...planTimeoutsBack(),
    ...planOwnFileBack(layout.PROFILE, manifest),
    ...forOthers.flatMap((path) => planUneditedBack(path, manifest, purge)),
    ...commands().flatMap((path) => planOwnFileBack(path, manifest)),
    ...planRemoval(layout.PROGRAM_DIRECTORY),
    ...(purge ? data.flatMap(planRemoval) : []),
    ...[...pam, layout.DROP_IN, layout.TIMEOUTS, ...scripts, ...forOthers, layout.PROGRAM_DIRECTORY]
      .concat(purge ? DATA : [])
      .flatMap(leftBeside)
      .map((path) => ({ path, wanted: ABSENT, note: "left by a run that was killed" })),
  ];
  const empty = planEmptied(
    manifest,
    changes.map(({ path }) => path),
  );
  const gone = new Set([...changes, ...empty].map(({ path }) => path));
  return {
    changes: [...changes, ...empty],
    kept: [
      ...data.filter((path) => !gone.has(path)).map((path) => `keep ${path} (--purge removes it)`),
      ...forOthers
        .filter((path) => look(path) !== undefined && !gone.has(path))
        .map((path) => `keep ${path} (it was edited; --purge removes it)`),
      ...scripts
        .filter((path) => entryOf(path, manifest) && look(path) !== undefined && !gone.has(path))
        .map((path) => `keep ${path} (it was edited: remove afkill's lines by hand)`),
    ],
  };
}

/** Carries out a plan. On failure it undoes everything and throws a `SetupError`. Logins and their watchdogs are left alone. */
export function uninstall({ changes }: UninstallPlan, report: (line: string) => void): void {
  const touchesSshd = changes.some(({ path }) => path === layout.DROP_IN || path === layout.TIMEOUTS);
  const wasGood = touchesSshd && complaint() === undefined;
  carryOutAll(
    changes,
    () => {
      // A configuration that was bad before is not our fault.
      if (wasGood) mustBeGood();
      if (touchesSshd) report(reload());
    },
    report,
  );
}

/** A failed reload locks nobody out: the ForceCommand that sshd still has also works without the program. */
function reload(): string {
  try {
    return reloadSshd(settings().get("pidfile") ?? "/run/sshd.pid");
  } catch (error) {
    return `sshd was not reloaded (${reasonOf(error)}): reload sshd yourself`;
  }
}

/** Directories that an install created and that will be empty, inner ones before outer ones. */
function planEmptied({ directories }: Manifest, removed: readonly string[]): Change[] {
  const gone = new Set(removed);
  const isWithin = (path: string) => removed.some((other) => path === other || path.startsWith(`${other}/`));
  return [...directories].reverse().flatMap((path): Change[] => {
    if (isWithin(path) || !look(path)?.isDirectory()) return [];
    if (!readdirSync(path).every((name) => gone.has(join(path, name)))) return [];
    gone.add(path);
    return [{ path, wanted: { kind: "emptied" } }];
  });
}
