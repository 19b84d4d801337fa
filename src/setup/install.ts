// Planning and carrying out an install.

import { ABSENT, type Change, isDue, look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOutAll } from "../change/transaction.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Policy } from "../policy/policy.ts";
import { formatProblem, PolicyError } from "../policy/problems.ts";
import { mustHaveSshd } from "../sshd/sshd.ts";
import * as layout from "../system/paths.ts";
import type { HookOptions, HookPlan } from "./hook.ts";
import { planForceCommand } from "./hook-force-command.ts";
import { planPam } from "./hook-pam.ts";
import { planProfile } from "./hook-profile.ts";
import {
  entryOf,
  type Manifest,
  manifestChange,
  NOTHING_INSTALLED,
  nextManifest,
  type Role,
  readManifest,
  wasEdited,
} from "./manifest.ts";
import { planConfiguration, planPrograms } from "./programs.ts";
import { planShared } from "./shared.ts";
import { mustHaveSs } from "./ss.ts";

/** An install that has been checked and not begun. `changes` holds what differs from the host as it is, and is empty when nothing does. */
export interface InstallPlan {
  readonly changes: readonly Change[];
  readonly hook: HookPlan;
}

/**
 * Plans to install the build in `dist` with one hook, and checks all that can be checked beforehand. Throws a `SetupError`; nothing
 * is changed either way.
 */
export async function planInstall(
  dist: string,
  name: layout.Hook,
  options: HookOptions,
): Promise<InstallPlan> {
  mustHaveSshd();
  const before = readManifest() ?? NOTHING_INSTALLED;
  const policy = look(layout.POLICY) === undefined ? undefined : await goodPolicy();
  mustHaveSs(policy);
  const hook = planHook(name, options);
  const programs = planPrograms(dist);
  const planned: readonly (readonly [Role, readonly Change[]])[] = [
    ["program", programs],
    ["program", planLeftovers(programs, before)],
    ...planConfiguration(dist).map((change) => [roleOf(change), [change]] as const),
    ["shared", planShared(dist)],
    [name, hook.changes],
  ];
  const all = planned.flatMap(([role, changes]) => changes.map((change) => ({ role, change })));
  const due = all.filter(({ role, change }) => isDue(change) && !isKept(role, change, before));
  for (const { role, change } of due) mustBeFree(role, change, before);
  const record = manifestChange(nextManifest(before, due));
  // The record stands before the hook does: an install that a power failure cuts short can be undone.
  const changes = due.map(({ change }) => change);
  const hookAt = changes.length - due.filter(({ role }) => role === name).length;
  if (due.length > 0) changes.splice(hookAt, 0, record);
  return { changes, hook };
}

/** Carries a plan out, or puts everything back and throws a `SetupError`. `report` gets a line for each change. */
export function install({ changes, hook }: InstallPlan, report: (line: string) => void): void {
  const activates = hook.changes.some((change) => changes.includes(change));
  carryOutAll(
    changes,
    () => {
      hook.verify();
      if (activates && hook.activate !== undefined) report(hook.activate());
    },
    report,
  );
}

function planHook(name: layout.Hook, options: HookOptions): HookPlan {
  if (name === "pam") return planPam();
  return name === "force-command" ? planForceCommand(options) : planProfile();
}

async function goodPolicy(): Promise<Policy> {
  try {
    return await loadPolicy(layout.POLICY);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new SetupError(
      error.problems.map(formatProblem).join("; "),
      "mend the policy and run this again: under a bad one no login is watched",
    );
  }
}

/** Files of an earlier build that this one no longer has. */
function planLeftovers(programs: readonly Change[], before: Manifest): Change[] {
  const kept = new Set(programs.map(({ path }) => path));
  return before.files
    .filter(({ role, path }) => role === "program" && !kept.has(path))
    .map(({ path }) => ({ path, wanted: ABSENT }));
}

function roleOf({ path }: Change): Role {
  return path === layout.LOGROTATE ? "logrotate" : "policy";
}

/** The administrator's own version of what only serves other programs stays. */
function isKept(role: Role, { path }: Change, before: Manifest): boolean {
  const serves = role === "logrotate" || role === "shared";
  return serves && look(path) !== undefined && entryOf(path, before) !== undefined && wasEdited(path, before);
}

/** Refuses to replace what somebody else wrote where afkill puts files of its own. sshd's PAM file is everybody's. */
function mustBeFree(role: Role, { path, wanted }: Change, before: Manifest): void {
  const ours = path.startsWith(`${layout.PROGRAM_DIRECTORY}/`) || role === "pam" || wanted.kind !== "file";
  if (ours || look(path) === undefined || !wasEdited(path, before)) return;
  throw new SetupError(
    `${path} is not as afkill writes it`,
    "it was edited, or belongs to something else: move it out of the way and run this again",
  );
}
