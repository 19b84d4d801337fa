// Whether this host has what a lock needs.
import { existsSync } from "node:fs";
import { DIST, LOCK_SERVICE_FILE } from "../system/paths.ts";

const LOCKER = `${DIST}/locker.js`;

/**
 * Throws, with what to do, unless this host can lock a terminal and check the answer: without its PAM service no answer is right. The paths are
 * parameters for tests.
 */
export function mustBeLockable(locker = LOCKER, service = LOCK_SERVICE_FILE): void {
  for (const path of [locker, service])
    if (!existsSync(path))
      throw new Error(
        `not locked: ${path} is missing, so no password could unlock this terminal; ask your administrator to run: sudo afkill install --hook pam`,
      );
}
