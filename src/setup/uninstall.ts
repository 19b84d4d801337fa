// Planning and carrying out an uninstall. It goes by the manifest, and by name where that is lost.

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
  /** What stays, and why, a line each. */
  readonly kept: readonly string[];
}

/** Plans to undo every install. `purge`: the policy and the audit go too. Throws a `SetupError` where that cannot be done with certainty. */
export function planUninstall(purge: boolean): UninstallPlan {
  const manifest = readManifest() ?? NOTHING_INSTALLED;
  const data = DATA.filter((path) => look(path) !== undefined);
  const forOthers = [layout.LOGROTATE, ...Object.values(layout.COMPLETIONS), ...layout.MAN_PAGES];
  const scripts = [layout.PROFILE, ...commands()];
  const pam = pamFiles(manifest);
  const changes = [
    // Hooks first: nothing may start a program that is gone.
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
        .map((path) => `keep ${path} (it was edited: take out by hand what is afkill's)`),
    ],
  };
}

/** Carries a plan out, or puts everything back and throws a `SetupError`. Logins and their watchdogs are left alone. */
export function uninstall({ changes }: UninstallPlan, report: (line: string) => void): void {
  const touchesSshd = changes.some(({ path }) => path === layout.DROP_IN || path === layout.TIMEOUTS);
  const wasGood = touchesSshd && complaint() === undefined;
  carryOutAll(
    changes,
    () => {
      // A configuration that was bad before is not ours to judge.
      if (wasGood) mustBeGood();
      if (touchesSshd) report(reload());
    },
    report,
  );
}

/** The ForceCommand that sshd still knows goes on without the program, so a failed reload locks nobody out. */
function reload(): string {
  try {
    return reloadSshd(settings().get("pidfile") ?? "/run/sshd.pid");
  } catch (error) {
    return `sshd was not reloaded (${reasonOf(error)}): reload it yourself`;
  }
}

/** Directories that an install made and in which nothing will be left, those within before those around them. */
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
