// Changing files of sshd's and making it read them, or leaving everything as it was.

import type { Change } from "../change/change.ts";
import { carryOutAll } from "../change/transaction.ts";
import { reasonOf } from "../text/reason-of.ts";
import { reloadSshd, settings } from "./sshd.ts";

/** Where sshd writes its process number unless it is told otherwise. */
const PID_FILE = "/run/sshd.pid";

/**
 * Carries out `changes`, asks `verify`, and reloads sshd. When anything fails the files are put back, an sshd that may have read
 * them is told again, and a `SetupError` says why. `report` gets a line for each thing done.
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

/** A configuration that sshd does not accept must not keep a revert from mending it. */
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
    return `sshd may still go by the change that was put back: reload it yourself (${reasonOf(error)})`;
  }
}
