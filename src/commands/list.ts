import { type Command, Option } from "commander";
import { durationValue } from "../console/option-values.ts";
import { say, sayJson } from "../console/output.ts";
import { POLICY } from "../system/paths.ts";

const EXAMPLES = `
Each login has a row, and one more row for each further terminal. Your own login is marked with *. States:
  active        something happened within the last minute
  idle          nothing happened within the last minute
  warned        a notice is on its terminal
  locked        all its terminals are locked: LEFT is the time until they are closed
  exempt        the policy does not end it for being idle
  no watchdog   the policy would end it, but no watchdog guards it: see afkill sweep
  fault         it could not be read completely, or its policy is not known, so nobody ends it: EVIDENCE says why

Examples:
  sudo afkill list
  sudo afkill list --idle 10m --sort idle
  sudo afkill list --json | jq '.[] | select(.state == "no watchdog") | .user'
`;

type SortKey = "time" | "idle" | "user";

interface Options {
  readonly config: string;
  readonly idle?: number;
  readonly user?: string;
  readonly sort: SortKey;
  readonly json?: boolean;
}

/** Adds `afkill list`. */
export function addList(program: Command): void {
  program
    .command("list")
    .summary("show all logins with idle time, limit and state")
    .description("Shows every SSH login, whether or not a watchdog guards it, as its watchdog sees it.")
    .option("--config <file>", "the policy", POLICY)
    .option("--idle <duration>", "only logins that have been idle for at least this long", durationValue)
    .option("--user <user>", "only the logins of this user")
    .addOption(new Option("--sort <key>", "the order").choices(["time", "idle", "user"]).default("time"))
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act({ config, idle, user, sort, json = false }: Options): Promise<void> {
  const [{ survey }, { rowOf }, { arrange, tableOfLogins }] = await Promise.all([
    import("../survey/survey.ts"),
    import("../survey/rows.ts"),
    import("../console/list-text.ts"),
  ]);
  if (process.geteuid?.() !== 0)
    process.stderr.write("afkill: without root, this shows only what you may see\n");
  const rows = arrange((await survey({ configPath: config })).map(rowOf), { idleMs: idle, user, sort });
  if (json) return sayJson(rows);
  if (rows.length === 0) return say("no logins");
  say(await tableOfLogins(rows, process.stdout.isTTY ? process.stdout.columns : undefined));
}
