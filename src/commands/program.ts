// The commander program: all commands, their options and their help. Completion and man pages are made from it.
import { Command } from "commander";
import packageFile from "../../package.json" with { type: "json" };
import { complain } from "../console/output.ts";
import { addCompletion } from "./completion.ts";
import { addConfig } from "./config/command.ts";
import { addDoctor } from "./doctor/command.ts";
import { addEnd } from "./end.ts";
import { addExplain } from "./explain/command.ts";
import { addInstall } from "./install.ts";
import { addList } from "./list.ts";
import { addLog } from "./log/command.ts";
import { addMetrics } from "./metrics/command.ts";
import { addReport } from "./report/command.ts";
import { addSshd } from "./sshd/command.ts";
import { addRun, addStay } from "./stay/command.ts";
import { addSweep } from "./sweep/command.ts";
import { addTop } from "./top/command.ts";
import { addTree } from "./tree/command.ts";
import { addUninstall } from "./uninstall.ts";

const EXAMPLES = `
Examples:
  sudo afkill install --hook pam --dry-run
  sudo afkill install --hook pam
  sudo afkill uninstall

The policy is /etc/afkill/afkill.toml; a change to it reaches every running login without a restart.
`;

/** In the order of `afkill --help`. What a command needs to run is loaded when it runs. */
const COMMANDS: Readonly<Record<string, (program: Command) => void>> = {
  list: addList,
  tree: addTree,
  top: addTop,
  end: addEnd,
  sweep: addSweep,
  explain: addExplain,
  log: addLog,
  report: addReport,
  metrics: addMetrics,
  stay: addStay,
  run: addRun,
  config: (program) => addConfig(program, import.meta.dirname),
  sshd: addSshd,
  doctor: addDoctor,
  install: (program) => addInstall(program, import.meta.dirname),
  uninstall: addUninstall,
  completion: addCompletion,
};

/**
 * The program as it is run. It throws commander's `CommanderError` where commander alone would end the process. `word`: the first of
 * the command line; where that names a command, the others are left out, unless it tells of them all.
 */
export function newProgram(word = ""): Command {
  const program = new Command("afkill")
    .description("Warns the users of idle SSH logins, and ends a login when its limit passes.")
    .version(packageFile.version)
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    // `afkill run make -j4`: what follows the command is its own.
    .enablePositionalOptions()
    .configureOutput({
      outputError: (text) =>
        complain(
          `${text
            .trim()
            .replace(/^error: /, "")
            .replace(/\.$/, "")}; see afkill --help`,
        ),
    });
  const named = Object.hasOwn(COMMANDS, word) && word !== "completion" ? COMMANDS[word] : undefined;
  for (const add of named ? [named] : Object.values(COMMANDS)) add(program);
  return program;
}
