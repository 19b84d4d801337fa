// The hooks that are in place, as every user can see them: only root may read the record of an install.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DROP_IN, HOOKS, type Hook, PAM_DIRECTORY, PROFILE } from "../system/paths.ts";
import { hasRule } from "./pam-service.ts";

const SEEN: Readonly<Record<Hook, () => boolean>> = {
  pam: () => servicesOf(PAM_DIRECTORY).some(isGuarded),
  // A directory that only root may enter shows its file to root alone.
  "force-command": () => existsSync(DROP_IN),
  profile: () => existsSync(PROFILE),
};

/** The hooks whose files are in place. Whether each works is for `afkill doctor` to say. */
export function visibleHooks(): Hook[] {
  return HOOKS.filter((hook) => SEEN[hook]());
}

function servicesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

/** A file that cannot be read with certainty is no service of ours. */
function isGuarded(service: string): boolean {
  try {
    return hasRule(service);
  } catch {
    return false;
  }
}
