// Plans an uninstall and carries it out. It uses the manifest; if the manifest is lost, it uses known paths.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Change, look } from "../change/change.ts";
import { carryOutAll } from "../change/transaction.ts";
import { planTimeoutsBack } from "../sshd/revert.ts";
import { complaint, mustBeGood, type Reload } from "../sshd/sshd.ts";
import * as layout from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { isDiverted, packagedNode, undivert } from "./diversion.ts";
import { entryOf, type Manifest, NOTHING_INSTALLED, readManifest } from "./manifest.ts";
import { planServiceBack, reloadHostSshd, removeService } from "./own-service.ts";
import { manager } from "./package-manager.ts";
import { isPackaged, ownPart } from "./packaged.ts";
import { commands } from "./programs.ts";
import {
  pamFiles,
  planLeftBeside,
  planOwnFileBack,
  planPamBack,
  planRemoval,
  planUneditedBack,
} from "./restore.ts";
import { waitForChecks } from "./running-checks.ts";

/** When one of these goes, sshd is told. */
const SSHD_FILES = [layout.DROP_IN, layout.PAM_DROP_IN, layout.TIMEOUTS, layout.OWN_SERVICE_FILE];
const DATA = [layout.POLICY_DIRECTORY, layout.AUDIT_DIRECTORY];

export interface UninstallPlan {
  readonly changes: readonly Change[];
  /** Where nothing is left, whatever comes there meanwhile. */
  readonly purged: readonly string[];
  /** What stays, and why, one line each. */
  readonly kept: readonly string[];
}

/**
 * Plans to undo every install. `purge`: also removes the policy and the audit. What a package has brought stays, with its policy and its
 * audit. Throws a `SetupError` if it is not certain to work.
 */
export function planUninstall(purge: boolean): UninstallPlan {
  const manifest = readManifest() ?? NOTHING_INSTALLED;
  return isPackaged() ? planHooksAway(ownPart(manifest)) : planAllAway(manifest, purge);
}

function planHooksAway(manifest: Manifest): UninstallPlan {
  const changes = [
    ...planHooksBack(manifest),
    ...(isDiverted() ? [packagedNode()] : []),
    ...planRemoval(layout.MANIFEST),
    ...planServiceBack(manifest, false),
    ...[...hookFiles(manifest), layout.MANIFEST].flatMap(planLeftBeside),
  ];
  const all = withEmptied(manifest, changes);
  return {
    changes: all,
    purged: [],
    kept: [
      ...edited([layout.PROFILE, layout.OWN_SERVICE_FILE], manifest, all),
      `keep ${layout.PROGRAM_DIRECTORY} (it belongs to the package: ${manager().removesAll})`,
    ],
  };
}

function planAllAway(manifest: Manifest, purge: boolean): UninstallPlan {
  const data = DATA.filter((path) => look(path) !== undefined);
  const forOthers = [
    layout.LOCK_SERVICE_FILE,
    layout.LOGROTATE,
    ...Object.values(layout.COMPLETIONS),
    ...layout.MAN_PAGES,
  ];
  const changes = withEmptied(manifest, [
    // Hooks first: no hook may start a program that is already removed.
    ...planHooksBack(manifest),
    ...forOthers.flatMap((path) => planUneditedBack(path, manifest, purge)),
    ...commands().flatMap((path) => planOwnFileBack(path, manifest)),
    ...planRemoval(layout.PROGRAM_DIRECTORY),
    ...(purge ? data.flatMap(planRemoval) : []),
    ...planServiceBack(manifest, purge),
    ...[...hookFiles(manifest), ...commands(), ...forOthers, layout.PROGRAM_DIRECTORY]
      .concat(purge ? DATA : [])
      .flatMap(planLeftBeside),
  ]);
  const gone = new Set(changes.map(({ path }) => path));
  return {
    changes,
    purged: purge ? DATA : [],
    kept: [
      ...data.filter((path) => !gone.has(path)).map((path) => `keep ${path} (--purge removes it)`),
      ...forOthers
        .filter((path) => look(path) !== undefined && !gone.has(path))
        .map((path) => `keep ${path} (it was edited; --purge removes it)`),
      ...edited([layout.PROFILE, ...commands(), layout.OWN_SERVICE_FILE], manifest, changes),
    ],
  };
}

function planHooksBack(manifest: Manifest): Change[] {
  return [
    ...pamFiles(manifest).flatMap((path) => planPamBack(path, manifest)),
    ...planOwnFileBack(layout.DROP_IN, manifest),
    ...planOwnFileBack(layout.PAM_DROP_IN, manifest),
    ...planTimeoutsBack(),
    ...planOwnFileBack(layout.PROFILE, manifest),
  ];
}

function hookFiles(manifest: Manifest): string[] {
  return [...pamFiles(manifest), ...SSHD_FILES, layout.PROFILE];
}

/** Lines on those scripts of an install that stay although they would go. */
function edited(scripts: readonly string[], manifest: Manifest, changes: readonly Change[]): string[] {
  return scripts
    .filter((path) => entryOf(path, manifest) && look(path) !== undefined)
    .filter((path) => !changes.some((change) => change.path === path))
    .map((path) => `keep ${path} (it was edited: remove afkill's lines by hand)`);
}

/** Carries out a plan. On failure it undoes everything and throws a `SetupError`. Logins and their watchdogs are left alone. */
export function uninstall({ changes, purged }: UninstallPlan, report: (line: string) => void): void {
  const touchesSshd = changes.some(({ path }) => SSHD_FILES.includes(path));
  const wasGood = touchesSshd && complaint() === undefined;
  const isService = ({ path }: Change) => path === layout.OWN_SERVICE_FILE;
  let told: Reload | undefined;
  carryOutAll(
    changes.filter((change) => !isService(change)),
    () => {
      // A configuration that was bad before is not our fault.
      if (wasGood) mustBeGood();
      if (touchesSshd) told = tell(report);
      if (purged.length > 0) waitForChecks();
    },
    report,
  );
  // A check that still ran may have made the audit after the plan.
  carryOutAll(purged.flatMap(planRemoval), () => undefined, report);
  if (isPackaged() && isDiverted()) undivert();
  // Last: an sshd that has not read its new configuration asks for this file at each login.
  removeService(changes.filter(isService), told, report);
}

/** A failed reload locks nobody out: the ForceCommand and the PAM line that sshd still has also work without the programs. */
function tell(report: (line: string) => void): Reload | undefined {
  try {
    const told = reloadHostSshd();
    report(told.line);
    return told;
  } catch (error) {
    report(`sshd was not reloaded (${reasonOf(error)}): reload sshd yourself`);
    return undefined;
  }
}

/** Adds the directories that an install created and that will be empty, inner ones before outer ones. */
function withEmptied({ directories }: Manifest, changes: readonly Change[]): Change[] {
  const removed = changes.map(({ path }) => path);
  const gone = new Set(removed);
  const isWithin = (path: string) => removed.some((other) => path === other || path.startsWith(`${other}/`));
  const empty = [...directories].reverse().flatMap((path): Change[] => {
    if (isWithin(path) || !look(path)?.isDirectory()) return [];
    if (!readdirSync(path).every((name) => gone.has(join(path, name)))) return [];
    gone.add(path);
    return [{ path, wanted: { kind: "emptied" } }];
  });
  return [...changes, ...empty];
}
