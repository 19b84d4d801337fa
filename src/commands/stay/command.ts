import type { Command } from "commander";
import { durationValue } from "../../console/option-values.ts";
import { say } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const STAY_EXAMPLES = `
Run it before you leave. The time counts from your last key. The policy (max_stay) sets the longest time. The stay ends when its terminal
closes. The audit records each stay.

With --login an administrator keeps logins of other users, for any time, even if the policy has no max_stay. The audit records the
administrator's name. A login is named by its terminal (pts/3), by the pid of one of its sshds, or by its user. Until the time is over, the
login counts as active; then its limit begins again. max_login still ends it. A new time replaces the one before: 1s ends the stay.

Examples:
  afkill stay 45m
  sudo afkill stay --login pts/3 2h
  sudo afkill stay --login alice --login bob 1h30m
`;

const RUN_EXAMPLES = `
For work that cannot be seen from outside: a build on another host, a client that waits silently. Your login stays while the command
runs, but no longer after your last key than the policy allows (max_stay). The exit status is that of the command.

Examples:
  afkill run -- make -j4
  afkill run -- ssh builder make
`;

interface Options {
  readonly config: string;
}

interface StayOptions extends Options {
  readonly login?: readonly string[];
}

/** Adds `afkill stay`. */
export function addStay(program: Command): void {
  program
    .command("stay")
    .summary("keep a login for a while")
    .description(
      "Keeps the login in which it runs for some time, even if nobody types. The policy sets the longest time.",
    )
    .argument("<duration>", "how long, such as 45m or 2h", durationValue)
    .option("--login <login>", "keep this login instead, as root; may be given several times", oneMore)
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", STAY_EXAMPLES)
    .action(async (wantedMs: number, { config, login }: StayOptions, command: Command) => {
      if (!Number.isFinite(wantedMs)) command.error("error: expected a duration such as 45m or 2h");
      if (login) return (await import("./keep.ts")).keepNamed(login, wantedMs, config);
      const { stay } = await import("./stay.ts");
      const until = await stay(config, wantedMs);
      say(`your login stays until ${until.toTimeString().slice(0, 5)}`);
    });
}

function oneMore(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

/** Adds `afkill run`. */
export function addRun(program: Command): void {
  program
    .command("run")
    .summary("keep your own login while a command runs")
    .description(
      "Runs a command. Keeps the login in which it runs until the command ends, but no longer than the policy allows.",
    )
    .argument("<command...>", "the command with its arguments")
    .option("--config <file>", "the policy", POLICY)
    .passThroughOptions()
    .addHelpText("after", RUN_EXAMPLES)
    .action(async (words: string[], { config }: Options) => {
      const { runKept } = await import("./stay.ts");
      await runKept(config, words);
    });
}
