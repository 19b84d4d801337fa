import type { Command } from "commander";
import { isUtf8Locale, say, sayJson } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const EXAMPLES = `
A login is named by its terminal (pts/3), by the pid of one of its sshds, or by its user. Without a name, all logins are shown. The
foreground processes of a terminal are marked with +, your own login with *. Processes more than 40 levels deep are listed side by
side, each with its parent.

Examples:
  sudo afkill tree
  sudo afkill tree alice pts/3
  sudo afkill tree --json 4711
`;

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `afkill tree`. */
export function addTree(program: Command): void {
  program
    .command("tree")
    .summary("show the processes of logins")
    .description("Shows the processes of each SSH login, from its sshd down.")
    .argument("[login...]", "a terminal, the pid of a login's sshd, or a user")
    .option("--json", "print JSON")
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(names: string[], { config, json = false }: Options): Promise<void> {
  const [{ survey }, { namedLogins }, { linesOf, treeOf }] = await Promise.all([
    import("../../survey/survey.ts"),
    import("../../administer/named.ts"),
    import("./text.ts"),
  ]);
  if (process.geteuid?.() !== 0)
    process.stderr.write("afkill: without root, this shows only what you may see\n");
  const all = await survey({ configPath: config });
  const trees = (names.length === 0 ? all : namedLogins(names, all)).map(treeOf);
  if (json) return sayJson(trees);
  if (trees.length === 0) return say("no logins");
  const unicode = isUtf8Locale(process.env);
  say(trees.map((it) => linesOf(it, unicode).join("\n")).join("\n\n"));
}
