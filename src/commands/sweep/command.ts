import { type Command, Option } from "commander";
import { durationValue } from "../../console/option-values.ts";
import { complain, mustBeRoot, printable, say, sayJson } from "../../console/output.ts";
import { POLICY } from "../../system/paths.ts";

const EXAMPLES = `
It measures how long a login has been idle, not how long ago it began. A login whose notice
stands is waited for, so a sweep can take as long as warn_before says. What a first look cannot
measure, such as a login without a terminal, counts as active then. Two sweeps at once never
treat a login twice.

Nothing else takes over from a watchdog that root killed or stopped: such a login ends when the
next sweep has given its notice. Swept every five minutes it ends at most five minutes late, ten
where the timer's sweep was still waiting for the notice of another login.

If a hook that was installed is gone, new logins are unguarded. A sweep tells this once on standard
error and in the system log, and its exit status is 1 until the hook is back. The timer and the cron
file put it back by themselves ("afkill install --repeat").

Every five minutes, by systemd:
  systemctl link /usr/lib/afkill/dist/pam/afkill-sweep.service
  systemctl enable --now /usr/lib/afkill/dist/pam/afkill-sweep.timer
or by cron:
  install -m 644 /usr/lib/afkill/dist/pam/afkill-sweep.cron /etc/cron.d/afkill-sweep
Before afkill uninstall, take it away again:
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
      "Does once for every SSH login without a watchdog of root's what a watchdog would: for cron, for timers, and for logins older than the installation.",
    )
    .option("--config <file>", "the policy", POLICY)
    .option("--dry-run", "print what would be done now, and do nothing")
    .option(
      "--idle-timeout <duration>",
      "use this idle timeout for every login that is not exempt, with or without a watchdog",
      durationValue,
    )
    .addOption(
      new Option("--log <file>", "append a line for each thing done to this file").conflicts("dryRun"),
    )
    .option("--json", "print JSON; only with --dry-run")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(
  { config: configPath, dryRun = false, idleTimeout: idleTimeoutMs, log, json = false }: Options,
  command: Command,
): Promise<void> {
  if (json && !dryRun) command.error("error: --json goes with --dry-run only");
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
