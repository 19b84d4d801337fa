import type { Command } from "commander";
import { POLICY } from "../setup/layout.ts";
import { say } from "./output.ts";
import { durationValue } from "./values.ts";

const STAY_EXAMPLES = `
Ask before you go: the time counts from your last key, and the policy (max_stay) says how much of it you may have. It ends with your
terminal. Each stay is in the audit.

Examples:
  afkill stay 45m
  afkill stay 2h
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

/** Adds `afkill stay`. */
export function addStay(program: Command): void {
  program
    .command("stay")
    .summary("keep your own login for a while")
    .description("Keeps the login that it is run in, though nobody types, for a time that the policy allows.")
    .argument("<duration>", "how long, such as 45m or 2h", durationValue)
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", STAY_EXAMPLES)
    .action(async (wantedMs: number, { config }: Options, command: Command) => {
      if (!Number.isFinite(wantedMs)) command.error("error: expected a duration such as 45m or 2h");
      const { stay } = await import("../stay/stay.ts");
      const until = await stay(config, wantedMs);
      say(`your login stays until ${until.toTimeString().slice(0, 5)}`);
    });
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
      const { runKept } = await import("../stay/stay.ts");
      await runKept(config, words);
    });
}
