import type { Command } from "commander";
import { durationValue } from "../../console/option-values.ts";
import { say } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const STAY_EXAMPLES = `
Ask before you go: the time counts from your last key, and the policy (max_stay) says how much of it you may have. It ends with your
terminal. Each stay is in the audit.

With --login an administrator keeps logins of others: as long as they say, whether or not the policy has a max_stay, with their name in
the audit. A login is named by its terminal (pts/3), by the pid of one of its sshds, or by its user. It counts as active until then, and
its limit begins anew; max_login ends it all the same. A new time takes the place of the one before: 1s lets the login go.

Examples:
  afkill stay 45m
  sudo afkill stay --login pts/3 2h
  sudo afkill stay --login alice --login bob 1h30m
`;

const RUN_EXAMPLES = `
For work that cannot be seen from outside: a build on another host, a client that waits silently. Your login stays while the command
runs, and at most as long after your last key as the policy says (max_stay). The exit status is the command's.

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
    .description("Keeps the login that it is run in, though nobody types, for a time that the policy allows.")
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
      "Runs a command and keeps the login that it is run in until it ends, as long as the policy allows.",
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
