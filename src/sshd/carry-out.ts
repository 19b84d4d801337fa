// Changes files of sshd and makes sshd read them, or leaves everything as it was.

import type { Change } from "../change/change.ts";
import { carryOutAll } from "../change/transaction.ts";
import { reasonOf } from "../text/reason-of.ts";
import { reloadSshd, settings } from "./sshd.ts";

/** sshd's default pid file. */
const PID_FILE = "/run/sshd.pid";

/**
 * Carries out `changes`, calls `verify`, and reloads sshd. On any failure the files are put back, an sshd that may have read them is
 * reloaded again, and a `SetupError` says why. `report` gets a line for each thing done.
 */
export function changeSshd(
  changes: readonly Change[],
  verify: () => void,
  report: (line: string) => void,
): void {
  const pidFile = pidFileOf();
  let told = false;
  try {
    carryOutAll(
      changes,
      () => {
        verify();
        told = true;
        report(reloadSshd(pidFile));
      },
      report,
    );
  } catch (error) {
    if (told) report(reloadAgain(pidFile));
    throw error;
  }
}

/** Returns the default if sshd does not accept its configuration: a revert must still be able to repair it. */
function pidFileOf(): string {
  try {
    return settings().get("pidfile") ?? PID_FILE;
  } catch {
    return PID_FILE;
  }
}

function reloadAgain(pidFile: string): string {
  try {
    return `${reloadSshd(pidFile)}, with the files as they were`;
  } catch (error) {
    return `sshd may still use the change that was undone: reload sshd yourself (${reasonOf(error)})`;
  }
}
