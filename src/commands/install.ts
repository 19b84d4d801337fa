import { type Command, InvalidArgumentError, Option } from "commander";
import { mustBeRoot, say } from "../console/output.ts";
import type { Wish } from "../setup/install.ts";
import { HOOKS, type Hook } from "../system/paths.ts";

const EXAMPLES = `
Hooks:
  pam            root starts the watchdog from sshd's PAM service; its user cannot stop it (recommended)
  force-command  the login's shell starts it, through ForceCommand in sshd_config.d; its user can stop it
  profile        login shells start it, through /etc/profile.d; its user can stop it or go round it

Examples:
  sudo afkill install --hook pam --dry-run      show what would change, and change nothing
  sudo afkill install --hook pam
  sudo afkill install --hook force-command --match 'Group staff'
  sudo afkill install --hook force-command --wrap     see each key, and show notices that leave no trace
  sudo afkill install --repeat                  put back the hooks of the last install, if an upgrade took them away
`;

interface Options {
  readonly hook?: Hook;
  readonly repeat?: boolean;
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
      "Copies the programs with their Node, writes a policy if there is none, and places one hook. A second hook may be added.",
    )
    .addOption(new Option("--hook <name>", "how a login gets its watchdog").choices(HOOKS))
    .addOption(
      new Option(
        "--repeat",
        "put the hooks of the last install back where one is missing; print nothing if all are there",
      ).conflicts(["hook", "dryRun", "verbose", "match", "acceptForcedKeys", "wrap"]),
    )
    .option("--dry-run", "print what would change, and change nothing")
    .option("--verbose", "print a line for each file that is changed")
    .option(
      "--match <criteria>",
      "force-command: only for logins that sshd's Match finds, such as 'Group staff'",
      criteria,
    )
    .option("--accept-forced-keys", "force-command: even where it cancels command= in keys and certificates")
    .option(
      "--wrap",
      "force-command: run logins inside a pty of afkill's own; installed again without it, no longer",
    )
    .addHelpText("after", EXAMPLES)
    .action((options: Options, command: Command) => act(options, command, dist));
}

async function act(options: Options, command: Command, dist: string): Promise<void> {
  const { hook, repeat = false, match, acceptForcedKeys = false, wrap = false } = options;
  if (hook === undefined && !repeat)
    command.error(`error: required option '--hook <name>' not specified (${HOOKS.join(", ")}), or --repeat`);
  if (hook !== "force-command" && (match !== undefined || acceptForcedKeys || wrap))
    command.error(`error: --match, --accept-forced-keys and --wrap go with --hook force-command only`);
  mustBeRoot("install", "it changes files of root's");
  const { mustBeAlone } = await import("../change/alone.ts");
  mustBeAlone();
  if (hook === undefined) return again();
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
  if (plan.isDone) return say(`nothing to change: hook ${wish.name} is installed`);
  const notes = plan.notes.map((note) => `note: ${note}`);
  if (dryRun) return [...[...changes, ...(hook.later ?? [])].flatMap(preview), ...notes].forEach(say);
  const lines: string[] = [];
  install(plan, (line) => (verbose ? say(line) : lines.push(line)));
  brief(lines, wish.name).forEach(say);
  notes.forEach(say);
  say(`installed: new logins get a watchdog by hook ${wish.name}`);
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

/** Refuses `all`: it would come before every Match block of the configuration. A ForceCommand without a scope does not. */
function criteria(text: string): string {
  if (!/^[ -~]+$/.test(text.trim()) || /^\s*(all|match)\b/i.test(text) || text.includes("#"))
    throw new InvalidArgumentError("Expected the criteria of a Match block, such as 'Group staff'.");
  return text.trim();
}
