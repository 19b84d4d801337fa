// The afkill command. Exit status: 0 done, 1 it could not be done, 2 it was asked in the wrong way.
import { Command, CommanderError } from "commander";
import packageFile from "../package.json" with { type: "json" };
import { addInstall } from "./commands/install.ts";
import { addSshd } from "./commands/sshd.ts";
import { addUninstall } from "./commands/uninstall.ts";

const EXAMPLES = `
Examples:
  sudo afkill install --hook pam --dry-run
  sudo afkill install --hook pam
  sudo afkill uninstall

The policy is /etc/afkill/afkill.toml; a change to it reaches every login within seconds.
`;

/** One line, whatever a message holds. */
function complain(message: string): void {
  process.stderr.write(`afkill: ${message.trim().replace(/\s*\n\s*/g, " ")}\n`);
}

/** In the order of `afkill --help`. What a command needs to run is loaded when it runs. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addSshd,
  (program) => addInstall(program, import.meta.dirname),
  addUninstall,
];

function newProgram(): Command {
  const program = new Command("afkill")
    .description("Warns the users of idle SSH logins, and ends a login when its limit passes.")
    .version(packageFile.version)
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    .configureOutput({
      outputError: (text) =>
        complain(
          `${text
            .trim()
            .replace(/^error: /, "")
            .replace(/\.$/, "")}; see afkill --help`,
        ),
    });
  for (const add of COMMANDS) add(program);
  return program;
}

/** Runs the command; returns its exit status. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = newProgram();
    if (argv.length <= 2) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

// A reader that went away (`afkill … | head -1`) is no reason to die half-way.
process.stdout.on("error", () => undefined);
process.exitCode = await main(process.argv);
