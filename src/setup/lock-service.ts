// The PAM service that a locked terminal asks: the host's own rules for whoever gives a password.
import { existsSync } from "node:fs";
import { type Change, file } from "../change/change.ts";
import { LOCK_SERVICE_FILE } from "../system/paths.ts";
import { pathOf } from "./pam-stack.ts";

/** The files of a distribution with the rules that services share. */
export interface SharedRules {
  readonly auth: string;
  readonly account: string;
}

export const DEBIAN: SharedRules = { auth: "common-auth", account: "common-account" };
/** Where there is also system-auth, this is the one for users who are not in front of the host: sshd's. */
export const RED_HAT: SharedRules = { auth: "password-auth", account: "password-auth" };
const ARCH: SharedRules = { auth: "system-auth", account: "system-auth" };

/** The text of the service. */
export function lockServiceText({ auth, account }: SharedRules): string {
  return `\
# Asked at a terminal that afkill has locked (at_limit = "lock"): who may go on. See afkill.toml(5).
auth include ${auth}
account include ${account}
`;
}

/** The service, if there is none yet, and if this host has rules that are known. */
export function planLockService(): Change[] {
  const rules = [DEBIAN, RED_HAT, ARCH].find(({ auth, account }) =>
    [auth, account].every((name) => existsSync(pathOf(name))),
  );
  if (rules === undefined || existsSync(LOCK_SERVICE_FILE)) return [];
  return [file(LOCK_SERVICE_FILE, 0o644, Buffer.from(lockServiceText(rules)))];
}
