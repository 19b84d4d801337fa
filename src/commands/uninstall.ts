import type { Command } from "commander";
import { mustBeRoot, say } from "../console/output.ts";

const EXAMPLES = `
Examples:
  sudo afkill uninstall --dry-run     show what would change, and change nothing
  sudo afkill uninstall               keep the policy and the audit
  sudo afkill uninstall --purge       remove the policy and the audit too
`;

interface Options {
  readonly dryRun?: boolean;
  readonly purge?: boolean;
}

/** Adds `afkill uninstall`. */
export function addUninstall(program: Command): void {
  program
    .command("uninstall")
    .summary("undo every install")
    .description(
      "Removes all hooks and programs and puts every file back as it was. Running logins stay, but are no longer guarded.",
    )
    .option("--dry-run", "print what would change, and change nothing")
    .option("--purge", "remove the policy and the audit too")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act({ dryRun = false, purge = false }: Options): Promise<void> {
  mustBeRoot("uninstall", "it changes files that belong to root");
  const [{ mustBeAlone }, { planUninstall, uninstall }, { preview }] = await Promise.all([
    import("../change/alone.ts"),
    import("../setup/uninstall.ts"),
    import("../console/preview.ts"),
  ]);
  mustBeAlone();
  const plan = planUninstall(purge);
  if (plan.changes.length === 0) say("nothing to change: there is no install to undo");
  else if (dryRun) plan.changes.flatMap(preview).forEach(say);
  else uninstall(plan, say);
  plan.kept.forEach(say);
}
