// Carries out changes so that either all of them happen or none.
import { closeSync, constants, fsyncSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { reasonOf } from "../text/reason-of.ts";
import { type Change, describe } from "./change.ts";
import { mountOf } from "./mount.ts";
import { codeOf, SetupError } from "./setup-error.ts";
import { carryOut, type Step } from "./step.ts";

/**
 * Carries out changes one after the other, then calls `verify`. If anything throws, everything is undone, the last change first, and a
 * `SetupError` says why. `report` gets a line for each change that was made. Also throws when all changes are made, but a replaced file
 * could not be removed. `beforeUndo` is called before a change is undone, after all later ones were; if it throws, that change stays.
 */
export function carryOutAll(
  changes: readonly Change[],
  verify: () => void,
  report: (line: string) => void,
  beforeUndo: (path: string) => void = () => undefined,
): void {
  // Ctrl-C must not leave the work half done. Signals wait while this runs, because it never returns to the event loop.
  for (const signal of HELD) process.on(signal, ignore);
  try {
    const failures = makeAll(changes, verify, report, beforeUndo).flatMap(({ tidy }) => failureOf(tidy));
    if (failures.length > 0)
      throw new Error(`the change is made, but these files could not be removed: ${failures.join("; ")}`);
  } finally {
    for (const signal of HELD) process.off(signal, ignore);
  }
}

function makeAll(
  changes: readonly Change[],
  verify: () => void,
  report: (line: string) => void,
  beforeUndo: (path: string) => void,
): readonly Step[] {
  const steps: Step[] = [];
  let path = "";
  try {
    for (const change of changes) {
      const line = describe(change);
      path = change.path;
      steps.push(carryOut(change));
      syncDirectory(change.path);
      report(line);
    }
    verify();
    return steps;
  } catch (error) {
    const undo = (step: Step) => {
      beforeUndo(step.path);
      step.undo();
    };
    const failures = steps
      .reverse()
      .flatMap((step) =>
        failureOf(() => undo(step)).map((why) => `${step.path} could not be put back: ${why}`),
      );
    throw new SetupError(
      codeOf(error) === "EROFS" ? readOnly(path) : reasonOf(error),
      failures.length === 0 ? "everything was put back as it was" : failures.join("; "),
    );
  }
}

/** A hint for the administrator who mounted it read-only, and who will want it writable only for a moment. */
function readOnly(path: string): string {
  const { point } = mountOf(path, readFileSync("/proc/self/mountinfo", "utf8"));
  return `${path} cannot be changed: ${point} is mounted read-only (mount -o remount,rw ${point} lets it be written to)`;
}

const HELD = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

function ignore(): void {}

function failureOf(act: () => void): string[] {
  try {
    act();
    return [];
  } catch (error) {
    return [reasonOf(error)];
  }
}

/** Makes a rename survive a power failure (fsync(2), NOTES). */
function syncDirectory(path: string): void {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
