// The checks of root's watchdogs that run at this moment.
import { allProcesses, commandLineOf, isAlive, type ProcessRef } from "../login/process.ts";
import { uidOf } from "../login/user.ts";
import { DIST } from "../system/paths.ts";

/** The kernel ends a check before that, unless a look hangs (src/guard/guard.ts). */
const LONGEST_MS = 10_000;
const PAUSE_MS = 100;

/** Waits until the checks that run have ended, ten seconds at most. */
export function waitForChecks(): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const endMs = performance.now() + LONGEST_MS;
  let running = checks();
  while (running.length > 0 && performance.now() < endMs) {
    Atomics.wait(clock, 0, 0, PAUSE_MS);
    running = running.filter(isAlive);
  }
}

function checks(): ProcessRef[] {
  return [...allProcesses().values()].filter(
    ({ pid }) => uidOf(pid) === 0 && commandLineOf(pid).includes(`${DIST}/check.js`),
  );
}
