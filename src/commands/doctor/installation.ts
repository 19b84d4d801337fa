// What is installed on this host: from the manifest, and from the files in place.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isOfHook, type Manifest, readManifest } from "../../setup/manifest.ts";
import { ownPart } from "../../setup/packaged.ts";
import { hasRule } from "../../setup/pam-service.ts";
import {
  DROP_IN,
  HOOKS,
  type Hook,
  PAM_DIRECTORY,
  PAM_DROP_IN,
  PROFILE,
  PROGRAM_DIRECTORY,
} from "../../system/paths.ts";

export interface Installation {
  /** `undefined` if it is missing or cannot be used. */
  readonly manifest: Manifest | undefined;
  /** The error from reading the manifest. */
  readonly manifestError: unknown;
  readonly hooks: readonly Hook[];
}

/** Finds what is installed; `undefined` if nothing is. */
export function findInstallation(): Installation | undefined {
  const { manifest, manifestError } = recorded();
  const hooks = HOOKS.filter(
    (hook) => manifest?.files.some(({ role }) => isOfHook(role, hook)) || isInPlace(hook),
  );
  const isThere = existsSync(PROGRAM_DIRECTORY) || hooks.length > 0;
  return isThere ? { manifest, manifestError, hooks } : undefined;
}

/** Whether root's watchdog guards the logins. */
export function isRoots({ hooks }: Installation): boolean {
  return hooks.includes("pam");
}

/** Whether watchdogs run as their users, and none as root. */
export function isUsers({ hooks }: Installation): boolean {
  return hooks.length > 0 && !hooks.includes("pam");
}

function recorded(): Pick<Installation, "manifest" | "manifestError"> {
  try {
    const manifest = readManifest();
    return { manifest: manifest && ownPart(manifest), manifestError: undefined };
  } catch (manifestError) {
    return { manifest: undefined, manifestError };
  }
}

/** If a file cannot be read or understood, this says no: the check of that file reports it. */
function isInPlace(hook: Hook): boolean {
  try {
    if (hook !== "pam")
      return readFileSync(hook === "profile" ? PROFILE : DROP_IN, "latin1").includes(PROGRAM_DIRECTORY);
    return existsSync(PAM_DROP_IN) || hasRule(join(PAM_DIRECTORY, "sshd"));
  } catch {
    return false;
  }
}
