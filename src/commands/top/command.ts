import type { Command } from "commander";
import { say } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const EXAMPLES = `
Keys:
  up, down       select a login
  I U T C L      sort by idle time, user, login time, CPU, time left
  /              show only logins that contain a text; Escape shows all again
  e              end the selected login, after a question
  k              keep the selected login for a time, as afkill stay --login does
  l, u           lock or unlock the terminals of the selected login, after a question
  n              write a line on the terminals of the selected login
  q, Ctrl-C      quit

On a dumb terminal, if the output is not a terminal, or if memory may not be made executable, it prints the table of afkill list once.

Examples:
  sudo afkill top
`;

/** Adds `afkill top`. */
export function addTop(program: Command): void {
  program
    .command("top")
    .summary("watch all logins live; end, keep or lock one, send a notice")
    .description("Shows every SSH login as afkill list does, redrawn as things change.")
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act({ config }: { readonly config: string }): Promise<void> {
  if (process.geteuid?.() !== 0)
    process.stderr.write("afkill: without root, this shows only what you may see\n");
  const canDraw = process.stdin.isTTY && process.stdout.isTTY && (process.env.TERM || "dumb") !== "dumb";
  // Ink's layout is WebAssembly, and Node has none without its compiler.
  const canLayOut = "WebAssembly" in globalThis;
  if (canDraw && !canLayOut)
    process.stderr.write("afkill: no live view, since this process may not make memory executable\n");
  return canDraw && canLayOut ? (await import("./start.ts")).startTop(config) : printOnce(config);
}

async function printOnce(config: string): Promise<void> {
  const [{ survey }, { rowOf }, { tableOfLogins }] = await Promise.all([
    import("../../survey/survey.ts"),
    import("../../survey/rows.ts"),
    import("../../console/list-text.ts"),
  ]);
  const rows = (await survey({ configPath: config })).map(rowOf);
  if (rows.length === 0) return say("no logins");
  say(await tableOfLogins(rows, process.stdout.isTTY ? process.stdout.columns : undefined));
}
