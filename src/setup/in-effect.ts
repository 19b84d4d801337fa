// Whether the hooks that were installed still start a watchdog at the next login.
import { readFileSync } from "node:fs";
import { codeOf, SetupError } from "../change/setup-error.ts";
import { mustInclude, readHostConfig } from "../sshd/host-config.ts";
import { hasSshd } from "../sshd/sshd.ts";
import { isUnread } from "../sshd/status.ts";
import { DROP_IN, HOOKS, type Hook, OWN_SERVICE_FILE, PAM_DROP_IN, PROFILE } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { isOfHook, readManifest } from "./manifest.ts";
import { hasRule, serviceFile } from "./pam-service.ts";

export interface HookState {
  readonly hook: Hook;
  /** Why a new login gets no watchdog by it; `undefined` if it does. */
  readonly fault: string | undefined;
}

/** Every hook that an install recorded; none if nothing is installed. Throws a `SetupError` if the record cannot be used. */
export function hookStates(): HookState[] {
  const files = readManifest()?.files ?? [];
  return HOOKS.filter((hook) => files.some(({ role }) => isOfHook(role, hook))).map((hook) => ({
    hook,
    fault: hookFault(hook),
  }));
}

const FAULTS: Readonly<Record<Hook, () => string | undefined>> = {
  pam: pamFault,
  "force-command": () => {
    mustInclude(readHostConfig(), DROP_IN);
    return missingIn(DROP_IN, /^\s*ForceCommand .*\/usr\/lib\/afkill\/forced-command/im);
  },
  profile: () => missingIn(PROFILE, /^[^#\n]*\. \/usr\/lib\/afkill\/profile\.sh/m),
};

/** Why a new login gets no watchdog by a hook; `undefined` if it does, or if there is no sshd to log in by. */
export function hookFault(hook: Hook): string | undefined {
  if (!hasSshd()) return undefined;
  try {
    return FAULTS[hook]();
  } catch (error) {
    return error instanceof SetupError ? error.wrong : reasonOf(error);
  }
}

function pamFault(): string | undefined {
  const path = serviceFile();
  if (!hasRule(path)) return `${path} has no line of afkill`;
  if (path === OWN_SERVICE_FILE && isUnread(PAM_DROP_IN)) return `sshd has not read ${PAM_DROP_IN} yet`;
  return undefined;
}

function missingIn(path: string, line: RegExp): string | undefined {
  try {
    return line.test(readFileSync(path, "latin1")) ? undefined : `${path} has no line of afkill`;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return `there is no ${path}`;
    throw error;
  }
}
