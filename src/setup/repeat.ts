// Puts back the hooks that the last install recorded, where something has taken one away: for package managers and timers.
import { hasSshd } from "../sshd/sshd.ts";
import { MANIFEST } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { hookFault } from "./in-effect.ts";
import { install, planHookAgain } from "./install.ts";
import { hooksOf, type InstalledHook, readManifest } from "./manifest.ts";
import { settleNode } from "./packaged-node.ts";

/**
 * Puts each recorded hook in its place, by the host as it is now: after an upgrade of OpenSSH that may be another place. Decides between the
 * Node of a package and an administrator's. Returns one line for each that was not there; none if nothing is installed, or if there is no
 * sshd. Throws a `SetupError`.
 */
export function repeat(): string[] {
  const manifest = readManifest();
  if (manifest === undefined || !hasSshd()) return [];
  return [...hooksOf(manifest).flatMap(putBack), ...settled()];
}

/** The hooks are back, whatever becomes of Node. */
function settled(): string[] {
  try {
    return settleNode();
  } catch (error) {
    return [`the package's Node was not put back into use: ${reasonOf(error)}`];
  }
}

function putBack({ hook, match, acceptForcedKeys, wrap }: InstalledHook): string[] {
  const fault = hookFault(hook);
  // Only pam has a second place to move to; the plan of force-command reads the keys of all users.
  if (fault === undefined && hook !== "pam") return [];
  // Each hook that is put back changes the manifest.
  const before = readManifest();
  if (before === undefined) return [];
  const plan = planHookAgain({ name: hook, options: { match, acceptForcedKeys, wrap } }, before);
  if (plan.isDone) return fault === undefined ? [] : [`hook ${hook} cannot be put back: ${fault}`];
  const done: string[] = [];
  install(plan, (line) => done.push(line));
  const seen = done.filter((line) => !line.endsWith(` ${MANIFEST}`));
  if (fault === undefined && seen.length === 0) return [];
  const what = fault === undefined ? `hook ${hook} was moved` : `${fault}: hook ${hook} was put back`;
  return [`${what} (${seen.join(", ")})`];
}
