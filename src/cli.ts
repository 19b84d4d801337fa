// The afkill command. Exit status: 0 done, 1 it could not be done, 2 it was asked in the wrong way.

import { CommanderError } from "commander";
import { newProgram } from "./commands/program.ts";
import { complain } from "./console/output.ts";
import { endAtOnce } from "./system/end-at-once.ts";
import { reasonOf } from "./text/reason-of.ts";

/** Runs the command; returns its exit status. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = newProgram(argv[2]);
    if (argv.length <= 2) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(argv);
    // A command that has found something sets 1 itself.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    complain(reasonOf(error));
    return 1;
  }
}

// A reader that went away (`afkill … | head -1`) is no reason to die half-way.
process.stdout.on("error", () => undefined);
void main(process.argv).then(endAtOnce);
