// The commander program: all commands, their options and their help. Completion and manual pages are made from it.
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
import { addLock } from "./lock.ts";
import { addLog } from "./log/command.ts";
import { addMetrics } from "./metrics/command.ts";
import { addReport } from "./report/command.ts";
import { addSshd } from "./sshd/command.ts";
import { addRun, addStay } from "./stay/command.ts";
import { addSweep } from "./sweep/command.ts";
import { addTop } from "./top/command.ts";
import { addTree } from "./tree/command.ts";
import { addUninstall } from "./uninstall.ts";
import { addUnlock } from "./unlock.ts";

const EXAMPLES = `
Examples:
  sudo afkill install --hook pam --dry-run
  sudo afkill install --hook pam
  sudo afkill uninstall

The policy is /etc/afkill/afkill.toml; a change to it reaches every running login without a restart.
`;

/** In the order of `afkill --help`. The code of a command is loaded when the command runs. */
const COMMANDS: Readonly<Record<string, (program: Command) => void>> = {
  list: addList,
  tree: addTree,
  top: addTop,
  end: addEnd,
  lock: addLock,
  unlock: addUnlock,
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
 * The program. It throws commander's `CommanderError` where commander would end the process. `word`: the first word of the command line.
 * If it names a command, the other commands are left out, unless that command needs all of them.
 */
export function newProgram(word = ""): Command {
  const program = new Command("afkill")
    .description("Warns the users of idle SSH logins, and ends a login when its limit passes.")
    .version(packageFile.version)
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    // In `afkill run make -j4` the options after the command belong to that command.
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
