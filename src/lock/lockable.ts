// Whether this host has what a lock needs.
import { existsSync } from "node:fs";
import { DIST, PAM_DIRECTORY } from "../system/paths.ts";

const LOCKER = `${DIST}/locker.js`;
/** The PAM service that a lock asks: without it, no answer is right. */
const SERVICE = `${PAM_DIRECTORY}/afkill`;

/** Throws, with what to do, unless this host can lock a terminal and check the answer. The paths are parameters for tests. */
export function mustBeLockable(locker = LOCKER, service = SERVICE): void {
  for (const path of [locker, service])
    if (!existsSync(path))
      throw new Error(
        `not locked: ${path} is missing, so no password could unlock this terminal; ask your administrator to run: sudo afkill install --hook pam`,
      );
}
