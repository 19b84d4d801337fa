import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { mustBeRoot, say } from "../console/output.ts";
import { HOOKS, type Hook } from "../system/paths.ts";

const EXAMPLES = `
Hooks:
  pam            root starts the watchdog from sshd's PAM service; its user cannot stop it (recommended)
  force-command  the login's shell starts it, through ForceCommand in sshd_config.d; its user can stop it
  profile        login shells start it, through /etc/profile.d; its user can stop it or avoid it

Examples:
  sudo afkill install --hook pam --dry-run      show what would change, and change nothing
  sudo afkill install --hook pam
  sudo afkill install --hook force-command --match 'Group staff'
  sudo afkill install --hook force-command --wrap     see each key, and show notices that leave no trace on the screen
  sudo afkill install --node node-v26.12.1-linux-x64/bin/node     use a newer Node, and change nothing else
`;

interface Options {
  readonly hook?: Hook;
  readonly node?: string;
  readonly dryRun?: boolean;
  readonly match?: string;
  readonly acceptForcedKeys?: boolean;
  readonly wrap?: boolean;
}

/** Adds `afkill install`. `dist`: the directory of the build to install. */
export function addInstall(program: Command, dist: string): void {
  program
    .command("install")
    .summary("install the programs and one hook")
    .description(
      "Copies the programs with their Node, writes a policy if there is none, and installs one hook. You may add a second hook later.",
    )
    .addOption(new Option("--hook <name>", "how a login gets its watchdog").choices(HOOKS))
    .option("--node <file>", "instead of a hook: replace afkill's Node with a newer one, after a test run")
    .option("--dry-run", "print what would change, and change nothing")
    .option(
      "--match <criteria>",
      "force-command: only for logins that match these criteria of sshd, such as 'Group staff'",
      criteria,
    )
    .option(
      "--accept-forced-keys",
      "force-command: install even if it cancels command= in keys and certificates",
    )
    .option(
      "--wrap",
      "force-command: run logins inside a pty of afkill's own; to stop this, install again without it",
    )
    .addHelpText("after", EXAMPLES)
    .action((options: Options, command: Command) => act(options, command, dist));
}

async function act(options: Options, command: Command, dist: string): Promise<void> {
  const { hook, node, dryRun = false, match, acceptForcedKeys = false, wrap = false } = options;
  if (hook !== "force-command" && (match !== undefined || acceptForcedKeys || wrap))
    command.error(`error: --match, --accept-forced-keys and --wrap need --hook force-command`);
  if ((hook === undefined) === (node === undefined))
    command.error("error: give either --hook <name> or --node <file>");
  mustBeRoot("install", "it changes files that belong to root");
  if (hook === undefined) return actOnNode(node ?? "", dryRun);
  const [{ mustBeAlone }, { install, planInstall }, { preview }] = await Promise.all([
    import("../change/alone.ts"),
    import("../setup/install.ts"),
    import("../console/preview.ts"),
  ]);
  mustBeAlone();
  const plan = await planInstall(dist, hook, { match, acceptForcedKeys, wrap });
  for (const note of plan.notes) say(`note: ${note}`);
  if (plan.changes.length === 0) return say(`nothing to change: hook ${hook} is installed`);
  if (dryRun) return plan.changes.flatMap(preview).forEach(say);
  install(plan, say);
  for (const note of plan.hook.notes) say(`note: ${note}`);
  say(`installed: new logins get a watchdog from hook ${hook}`);
}

/** Replaces afkill's Node, or with `dryRun` only tries the other one. */
async function actOnNode(path: string, dryRun: boolean): Promise<void> {
  const [{ mustBeAlone }, { placeNode, withNodePlan }, { preview }] = await Promise.all([
    import("../change/alone.ts"),
    import("../setup/other-node.ts"),
    import("../console/preview.ts"),
  ]);
  mustBeAlone();
  withNodePlan(resolve(path), (plan) => {
    if (plan.changes.length === 0) return say(`nothing to change: this Node, ${plan.version}, is in place`);
    if (dryRun) return plan.changes.flatMap(preview).forEach(say);
    placeNode(plan, say);
    say(`Node ${plan.version} is in place: each check starts with it from now on`);
  });
}

/** Refuses `all`: it would come before every Match block of the configuration. A ForceCommand without a scope does not. */
function criteria(text: string): string {
  if (!/^[ -~]+$/.test(text.trim()) || /^\s*(all|match)\b/i.test(text) || text.includes("#"))
    throw new InvalidArgumentError("Expected the criteria of a Match block, such as 'Group staff'.");
  return text.trim();
}
