import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { mustBeRoot, say } from "../console/output.ts";
import type { Wish } from "../setup/install.ts";
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
  sudo afkill install --repeat                  put back the hooks of the last install, if an upgrade removed them
  sudo afkill install --node node-v26.12.1-linux-x64/bin/node     use a newer Node, and change nothing else
`;

interface Options {
  readonly hook?: Hook;
  readonly repeat?: boolean;
  readonly node?: string;
  readonly verbose?: boolean;
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
    .addOption(
      new Option(
        "--repeat",
        "instead of a hook: put the hooks of the last install back if one is missing; prints nothing if all are there",
      ).conflicts(["dryRun", "verbose"]),
    )
    .option("--node <file>", "instead of a hook: replace afkill's Node with a newer one, after a test run")
    .option("--dry-run", "print what would change, and change nothing")
    .option("--verbose", "print a line for each file that is changed")
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
  const {
    hook,
    node,
    repeat = false,
    dryRun = false,
    match,
    acceptForcedKeys = false,
    wrap = false,
  } = options;
  if (hook !== "force-command" && (match !== undefined || acceptForcedKeys || wrap))
    command.error(`error: --match, --accept-forced-keys and --wrap need --hook force-command`);
  if ([hook !== undefined, node !== undefined, repeat].filter(Boolean).length !== 1)
    command.error("error: give one of --hook <name>, --node <file> and --repeat");
  mustBeRoot("install", "it changes files that belong to root");
  const { mustBeAlone } = await import("../change/alone.ts");
  mustBeAlone();
  if (repeat) return again();
  if (hook === undefined) return actOnNode(node ?? "", dryRun);
  await place(dist, { name: hook, options: { match, acceptForcedKeys, wrap } }, options);
}

async function place(dist: string, wish: Wish, { dryRun, verbose }: Options): Promise<void> {
  const [{ install, planInstall }, { preview }, { brief }] = await Promise.all([
    import("../setup/install.ts"),
    import("../console/preview.ts"),
    import("../console/brief.ts"),
  ]);
  const plan = await planInstall(dist, wish);
  const { changes, hook } = plan;
  const notes = plan.notes.map((note) => `note: ${note}`);
  if (plan.isDone) return [...notes, `nothing to change: hook ${wish.name} is installed`].forEach(say);
  if (dryRun) return [...[...changes, ...(hook.later ?? [])].flatMap(preview), ...notes].forEach(say);
  const lines: string[] = [];
  install(plan, (line) => (verbose ? say(line) : lines.push(line)));
  brief(lines, wish.name).forEach(say);
  notes.forEach(say);
  say(`installed: new logins get a watchdog from hook ${wish.name}`);
}

async function again(): Promise<void> {
  const [{ repeat }, { log }] = await Promise.all([
    import("../setup/repeat.ts"),
    import("../audit/syslog.ts"),
  ]);
  for (const line of repeat()) {
    say(line);
    await log("warning", line);
  }
}

/** Replaces afkill's Node, or with `dryRun` only tries the other one. */
async function actOnNode(path: string, dryRun: boolean): Promise<void> {
  const [{ placeNode, withNodePlan }, { preview }] = await Promise.all([
    import("../setup/other-node.ts"),
    import("../console/preview.ts"),
  ]);
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
