import { type Command, Option } from "commander";
import { durationValue } from "../../console/option-values.ts";
import { complain, mustBeRoot, printable, say, sayJson } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const EXAMPLES = `
A sweep measures how long a login has been idle, not how long ago it began. It waits until its
notices are over, so a sweep can take as long as warn_before says. The first look cannot measure
some logins, such as one without a terminal: they then count as active. Two sweeps that run at
the same time never treat the same login.

If root kills or stops a watchdog, only a sweep can end its login: it gives the notice, then it
ends the login. With a sweep every five minutes the login ends at most five minutes late, or ten
minutes late if the timer's sweep was still waiting for the notice of another login.

If a hook that was installed is gone, new logins are not guarded. A sweep reports this once on
standard error and in the system log, and its exit status is 1 until the hook is back. The timer and
the cron file put the hook back ("afkill install --repeat").

Every five minutes, by systemd:
  systemctl link /usr/lib/afkill/dist/pam/afkill-sweep.service
  systemctl enable --now /usr/lib/afkill/dist/pam/afkill-sweep.timer
or by cron:
  install -m 644 /usr/lib/afkill/dist/pam/afkill-sweep.cron /etc/cron.d/afkill-sweep
Before afkill uninstall, remove these again:
  systemctl disable --now afkill-sweep.timer
  systemctl disable afkill-sweep.service
  rm /etc/cron.d/afkill-sweep

Examples:
  sudo afkill sweep --dry-run
  sudo afkill sweep --idle-timeout 30m --log /var/log/afkill-sweep.log
  sudo afkill sweep --dry-run --json
`;

interface Options {
  readonly config: string;
  readonly dryRun?: boolean;
  readonly idleTimeout?: number;
  readonly log?: string;
  readonly json?: boolean;
}

/** Adds `afkill sweep`. */
export function addSweep(program: Command): void {
  program
    .command("sweep")
    .summary("warn and end idle logins that have no watchdog, once")
    .description(
      "Looks once at every SSH login that root's watchdog does not guard, and warns or ends it as a watchdog would. For cron, for timers, and for logins that are older than the installation.",
    )
    .option("--config <file>", "the policy", POLICY)
    .option("--dry-run", "print what would be done now, and do nothing")
    .option(
      "--idle-timeout <duration>",
      "use this idle timeout for every login that is not exempt, with or without a watchdog",
      durationValue,
    )
    .addOption(new Option("--log <file>", "append a line to this file for each action").conflicts("dryRun"))
    .option("--json", "print JSON; only with --dry-run")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(
  { config: configPath, dryRun = false, idleTimeout: idleTimeoutMs, log, json = false }: Options,
  command: Command,
): Promise<void> {
  if (json && !dryRun) command.error("error: --json needs --dry-run");
  mustBeRoot("sweep", "it looks at the logins of all users and ends them");
  if (dryRun) return rehearse({ configPath, idleTimeoutMs }, json);
  const [{ sweep }, { openLog }] = await Promise.all([import("./sweep.ts"), import("./log-file.ts")]);
  const append = log === undefined ? () => {} : openLog(log);
  const isGuarded = await sweep({ configPath, idleTimeoutMs }, ({ kind, line }) => {
    if (kind === "fault") {
      process.exitCode = 1;
      complain(printable(line));
    } else say(printable(line));
    if (kind !== "kept") append(`${new Date().toISOString()} ${printable(line)}`);
  });
  if (!isGuarded) process.exitCode = 1;
}

async function rehearse(
  options: { readonly configPath: string; readonly idleTimeoutMs: number | undefined },
  json: boolean,
): Promise<void> {
  const [{ rehearseSweep }, { wordsOf }] = await Promise.all([import("./sweep.ts"), import("./actions.ts")]);
  const { actions, faults, unguarded } = await rehearseSweep(options);
  if (faults.length > 0 || unguarded !== null) process.exitCode = 1;
  if (json) return sayJson({ logins: actions, faults, unguarded });
  if (unguarded !== null) complain(printable(unguarded));
  for (const action of actions) say(printable(wordsOf(action, "would")));
  for (const { user, sshdPid, fault } of faults) complain(printable(`${user} (sshd ${sshdPid}): ${fault}`));
  if (actions.length + faults.length === 0) say("no login to sweep");
}
