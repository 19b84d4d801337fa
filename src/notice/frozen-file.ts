// What is stopped for a last line, in a file that a shell can read too: if whoever stopped it is killed, `pam/watchdog` lets it continue.
import { renameSync, rmSync } from "node:fs";
import { type ProcessRef, thisProcess } from "../login/process.ts";
import { makeFile } from "../system/make-file.ts";

/** The file of one terminal and one stopper. */
export interface FrozenFile {
  /** Writes what is stopped, and what is about to be. Throws if that is not possible. */
  readonly note: (stopped: readonly ProcessRef[]) => void;
  /** Removes the file: nothing is stopped any more. Never throws. */
  readonly forget: () => void;
}

/** The file of this process for a terminal, in a login's state directory, which is not made. Nothing is written yet. `number`: N of pts/N. */
export function frozenFile(stateDirectory: string, number: number): FrozenFile {
  const name = `${process.pid}-${number}`;
  const path = `${stateDirectory}/frozen-${name}`;
  const temporary = `${stateDirectory}/.frozen-${name}`;
  return {
    note: (stopped) => {
      rmSync(temporary, { force: true });
      makeFile(temporary, formatFrozen(thisProcess(), stopped), 0o600);
      renameSync(temporary, path);
    },
    forget: () => {
      try {
        rmSync(path, { force: true });
        rmSync(temporary, { force: true });
      } catch {
        // The directory is gone, or was replaced.
      }
    },
  };
}

/** The text of the file. Without its last line it is not complete. */
export function formatFrozen(stopper: ProcessRef, stopped: readonly ProcessRef[]): string {
  const line = (key: string, { pid, startTicks }: ProcessRef) => `${key} ${pid} ${startTicks}\n`;
  return `version 1\n${line("stopper", stopper)}${stopped.map((it) => line("stopped", it)).join("")}end\n`;
}
