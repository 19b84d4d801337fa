// Plans an install and carries it out.

import { ABSENT, type Change, isDue, look } from "../change/change.ts";
import { SetupError } from "../change/setup-error.ts";
import { carryOutAll } from "../change/transaction.ts";
import { loadFiles } from "../policy/load.ts";
import { lockWarnings } from "../policy/lock-warnings.ts";
import { type GoodFile, mergePolicy } from "../policy/merge.ts";
import { formatProblem, PolicyError } from "../policy/problems.ts";
import { mustHaveSshd } from "../sshd/sshd.ts";
import * as layout from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { mustSeeConnections } from "./connections.ts";
import type { HookOptions, HookPlan } from "./hook.ts";
import { planForceCommand } from "./hook-force-command.ts";
import { planPam } from "./hook-pam.ts";
import { planProfile } from "./hook-profile.ts";
import {
  entryOf,
  hooksOf,
  isOfHook,
  type Manifest,
  manifestChange,
  NOTHING_INSTALLED,
  nextManifest,
  type OtherNode,
  type Role,
  readManifest,
  wasEdited,
} from "./manifest.ts";
import { withOtherNode } from "./other-node.ts";
import { isPackaged, mustBeThePackage, ownPart } from "./packaged.ts";
import { planConfiguration, planPrograms } from "./programs.ts";
import { planShared } from "./shared.ts";

/** A checked install that has not begun. `changes`: only what differs from the host now. */
export interface InstallPlan {
  readonly changes: readonly Change[];
  readonly hook: HookPlan;
  /** Whether there is nothing to do. */
  readonly isDone: boolean;
  /**
   * What the administrator should know, one line each: what becomes of another Node, and of the hook if it is placed now, and where the
   * policy asks for a lock that no hook can give.
   */
  readonly notes: readonly string[];
}

/** One hook with its options. */
export interface Wish {
  readonly name: layout.Hook;
  readonly options: HookOptions;
}

/**
 * Plans to install the build in `dist` with one hook. Checks everything that can be checked before the install, and changes nothing.
 * Throws a `SetupError`.
 */
export async function planInstall(dist: string, wish: Wish): Promise<InstallPlan> {
  mustHaveSshd();
  const packaged = isPackaged();
  if (packaged) mustBeThePackage(dist);
  const before = ownPart(readManifest() ?? NOTHING_INSTALLED);
  const files = look(layout.POLICY) === undefined ? undefined : await goodFiles();
  await mustSeeConnections(files && mergePolicy(files));
  const hook = planHook(wish, before);
  const plan = planWith(packaged ? noFiles(before) : planFiles(dist, before), { ...wish, hook, before });
  const hooks = new Set([...hooksOf(before).map((it) => it.hook), wish.name]);
  const cannotLock = await lockWarnings(files ?? [], [...hooks]);
  return { ...plan, notes: [...plan.notes, ...cannotLock.map(formatProblem)] };
}

/** Plans to put one hook in its place again, and nothing else. Throws a `SetupError`. */
export function planHookAgain(wish: Wish, recorded: Manifest): InstallPlan {
  mustHaveSshd();
  const before = ownPart(recorded);
  return planWith(noFiles(before), { ...wish, hook: planHook(wish, before), before });
}

/** Everything but the hook. `node`: a Node that an administrator has put in, if it stays; `notes` say why. */
interface Files {
  readonly files: readonly (readonly [Role, readonly Change[]])[];
  readonly node: OtherNode | undefined;
  readonly notes: readonly string[];
}

/** The files are there already, and stay as they are. */
function noFiles({ node }: Manifest): Files {
  return { files: [], node, notes: [] };
}

function planFiles(dist: string, before: Manifest): Files {
  const { programs, node, notes } = withOtherNode(planPrograms(dist), dist, before);
  const files = [
    ["program", programs],
    ["program", planLeftovers(programs, before)],
    ...planConfiguration(dist).map((change) => [roleOf(change), [change]] as const),
    ["shared", planShared(dist)],
  ] as const;
  return { files, node, notes };
}

function planWith(
  { files, node, notes }: Files,
  { name, options, hook, before }: Wish & { readonly hook: HookPlan; readonly before: Manifest },
): InstallPlan {
  const ofHook = hook.changes.map((change) => [hookRoleOf(name, change), [change]] as const);
  const all = [...files, ...ofHook].flatMap(([role, changes]) => changes.map((change) => ({ role, change })));
  const due = all.filter(({ role, change }) => isDue(change) && !isKept(role, change, before));
  for (const { role, change } of due) mustBeFree(role, change, before);
  const { later = [], isPending = false } = hook;
  const left = later.map(({ path }) => path);
  const next = nextManifest(before, { due, left, hook: { hook: name, ...options } });
  const record = manifestChange({ ...next, node });
  const changes = due.map(({ change }) => change);
  // The record is written before the hook: if a power failure interrupts the install, it can still be undone.
  const hookAt = changes.length - due.filter(({ role }) => isOfHook(role, name)).length;
  if (isDue(record)) changes.splice(hookAt, 0, record);
  return {
    changes,
    hook,
    notes: hookAt < due.length ? [...notes, ...hook.notes] : notes,
    isDone: changes.length + later.length === 0 && !isPending,
  };
}

/** Carries out a plan. On failure it undoes everything and throws a `SetupError`. `report` gets a line for each change. */
export function install({ changes, hook }: InstallPlan, report: (line: string) => void): void {
  const activates = hook.isPending || hook.changes.some((change) => changes.includes(change));
  carryOutAll(
    changes,
    () => {
      hook.verify();
      if (activates && hook.activate !== undefined) report(hook.activate());
    },
    report,
    hook.beforeUndo,
  );
  finish(hook, report);
}

function finish(hook: HookPlan, report: (line: string) => void): void {
  try {
    hook.finish?.(report);
  } catch (error) {
    const paths = hook.later?.map(({ path }) => path).join(", ");
    throw new SetupError(
      `the new hook is in place, but what was before is still in ${paths} (${reasonOf(error)})`,
      "correct that and run this again; until then each login still has only one watchdog",
    );
  }
}

function planHook({ name, options }: Wish, before: Manifest): HookPlan {
  if (name === "pam") return planPam(before);
  return name === "force-command" ? planForceCommand(options) : planProfile();
}

async function goodFiles(): Promise<GoodFile[]> {
  try {
    return await loadFiles(layout.POLICY);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new SetupError(
      error.problems.map(formatProblem).join("; "),
      "correct the policy and run this again: with a wrong policy no login is ended",
    );
  }
}

/** Files of an earlier build that the new one no longer has. */
function planLeftovers(programs: readonly Change[], before: Manifest): Change[] {
  const kept = new Set(programs.map(({ path }) => path));
  return before.files
    .filter(({ role, path }) => role === "program" && !kept.has(path))
    .map(({ path }) => ({ path, wanted: ABSENT }));
}

/** sshd's own PAM file is changed; the files of a service of ours are made. */
function hookRoleOf(name: layout.Hook, { path }: Change): Role {
  return path === layout.OWN_SERVICE_FILE || path === layout.PAM_DROP_IN ? "pam-service" : name;
}

function roleOf({ path }: Change): Role {
  if (path === layout.LOCK_SERVICE_FILE) return "shared";
  return path === layout.LOGROTATE ? "logrotate" : "policy";
}

/** A file that only serves other programs, and that the administrator has edited, stays. */
function isKept(role: Role, { path }: Change, before: Manifest): boolean {
  const serves = role === "logrotate" || role === "shared";
  return serves && look(path) !== undefined && entryOf(path, before) !== undefined && wasEdited(path, before);
}

/** Refuses to replace a file of somebody else at a path of afkill. sshd's PAM file is excepted: it is not afkill's. */
function mustBeFree(role: Role, { path, wanted }: Change, before: Manifest): void {
  const ours = path.startsWith(`${layout.PROGRAM_DIRECTORY}/`) || role === "pam" || wanted.kind !== "file";
  if (ours || look(path) === undefined || !wasEdited(path, before)) return;
  throw new SetupError(
    `${path} is not as afkill writes it`,
    "it was edited, or belongs to another program: move it to another place and run this again",
  );
}
