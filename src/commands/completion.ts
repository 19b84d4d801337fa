import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../system/shells.ts";

const EXAMPLES = `
\`afkill install\` puts the scripts where the shells of this host look for them. Use this command for a shell that looks elsewhere.

Examples:
  source <(afkill completion bash)
  afkill completion zsh >~/.zfunc/_afkill
  afkill completion fish >~/.config/fish/completions/afkill.fish
`;

/** Adds `afkill completion`. */
export function addCompletion(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes afkill in a shell")
    .description(
      "Prints the script that lets a shell complete commands, options and logins with the Tab key.",
    )
    .addArgument(new Argument("<shell>", "the shell that the script is for").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      const [{ completionScript }, { outlineOf }] = await Promise.all([
        import("../console/completion/script.ts"),
        import("../console/outline.ts"),
      ]);
      process.stdout.write(completionScript(shell, outlineOf(program)));
    });
}
