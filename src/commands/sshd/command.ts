import { type Command, Option } from "commander";
import { mustBeRoot, say, sayJson } from "../../console/output.ts";
import { count, oneLine, seconds } from "./option-values.ts";

const EXAMPLES = `
Examples:
  sudo afkill sshd status                show what sshd's timeouts do, and what they do not do
  sudo afkill sshd apply --dry-run       show what would change, and change nothing
  sudo afkill sshd apply
  sudo afkill sshd revert
`;

const APPLY_EXAMPLES = `
Every apply writes the whole file: an option that is not given gets its default. The last two options have none and are then left out.
sshd uses the new values for logins that begin after the reload.

Examples:
  sudo afkill sshd apply
  sudo afkill sshd apply --client-alive-interval 30s --client-alive-count-max 4 --dry-run
  sudo afkill sshd apply --channel-timeout 'direct-tcpip=1h' --unused-connection-timeout 5m
`;

const REVERT_EXAMPLES = `
Examples:
  sudo afkill sshd revert --dry-run
  sudo afkill sshd revert
`;

const STATUS_EXAMPLES = `
Examples:
  sudo afkill sshd status
  sudo afkill sshd status --json | jq '.settings[] | {keyword, value}'
`;

interface ApplyOptions {
  readonly clientAliveInterval: number;
  readonly clientAliveCountMax: number;
  readonly tcpKeepalive: "yes" | "no";
  readonly channelTimeout?: string;
  readonly unusedConnectionTimeout?: number;
  readonly dryRun?: boolean;
}

/** Adds `afkill sshd` with its subcommands. */
export function addSshd(program: Command): void {
  const sshd = program
    .command("sshd")
    .summary("show and set sshd's own timeouts, which end the logins of dead clients")
    .description(
      "sshd itself ends the logins of clients that are gone. Shows sshd's timeouts and what they do, and sets them in a drop-in.",
    )
    .addHelpText("after", EXAMPLES);
  sshd
    .command("status")
    .summary("show sshd's timeouts, what they do and what they do not do")
    .description("Shows sshd's timeouts (sshd -T), where each is set, and what it does and does not do.")
    .option("--json", "print JSON")
    .addHelpText("after", STATUS_EXAMPLES)
    .action(showStatus);
  addApply(sshd);
  sshd
    .command("revert")
    .summary("remove the drop-in")
    .description("Removes what `apply` has written, and reloads sshd.")
    .option("--dry-run", "print what would change, and change nothing")
    .addHelpText("after", REVERT_EXAMPLES)
    .action(revert);
}

function addApply(sshd: Command): void {
  sshd
    .command("apply")
    .summary("write sshd's timeouts into a drop-in and reload sshd")
    .description(
      "Writes a drop-in, lets sshd check it, and reloads sshd. If anything fails, everything is put back as it was.",
    )
    .addOption(
      new Option(
        "--client-alive-interval <time>",
        "after this much silence, ask the client whether it is still there; or off",
      )
        .argParser(seconds)
        .default(60, "60s"),
    )
    .addOption(
      new Option(
        "--client-alive-count-max <n>",
        "end a login after so many questions without an answer; 0: never",
      )
        .argParser(count)
        .default(3, "3"),
    )
    .addOption(
      new Option("--tcp-keepalive <answer>", "let the kernel probe silent connections")
        .choices(["yes", "no"])
        .default("yes"),
    )
    .option("--channel-timeout <types>", "close silent channels, as sshd_config(5) has it", oneLine)
    .option(
      "--unused-connection-timeout <time>",
      "close connections without a channel after this, or off",
      seconds,
    )
    .option("--dry-run", "print what would change, and change nothing")
    .addHelpText("after", APPLY_EXAMPLES)
    .action(apply);
}

async function showStatus({ json = false }: { json?: boolean }): Promise<void> {
  mustBeRoot("sshd status", "it asks sshd for its configuration, and sshd reads its host keys");
  const [{ sshdStatus }, { statusLines }] = await Promise.all([
    import("../../sshd/status.ts"),
    import("./text.ts"),
  ]);
  const status = sshdStatus();
  if (json) sayJson(status);
  else statusLines(status).forEach(say);
}

async function apply(options: ApplyOptions): Promise<void> {
  mustBeRoot("sshd apply", "it changes files that belong to root");
  const [{ mustBeAlone }, { planApply }, { changeSshd }, { preview }] = await Promise.all([
    import("../../change/alone.ts"),
    import("../../sshd/apply.ts"),
    import("../../sshd/carry-out.ts"),
    import("../../console/preview.ts"),
  ]);
  mustBeAlone();
  const { changes, verify, notes } = planApply({
    clientAliveIntervalS: options.clientAliveInterval,
    clientAliveCountMax: options.clientAliveCountMax,
    tcpKeepAlive: options.tcpKeepalive === "yes",
    channelTimeout: options.channelTimeout,
    unusedConnectionTimeoutS: options.unusedConnectionTimeout,
  });
  if (changes.length === 0) say("nothing to change: sshd has these values");
  else if (options.dryRun) changes.flatMap(preview).concat("would reload sshd").forEach(say);
  else changeSshd(changes, verify, say);
  for (const note of notes) say(`note: ${note}`);
}

async function revert({ dryRun = false }: { dryRun?: boolean }): Promise<void> {
  mustBeRoot("sshd revert", "it changes files that belong to root");
  const [{ mustBeAlone }, { planRevert }, { changeSshd }, { preview }] = await Promise.all([
    import("../../change/alone.ts"),
    import("../../sshd/revert.ts"),
    import("../../sshd/carry-out.ts"),
    import("../../console/preview.ts"),
  ]);
  mustBeAlone();
  const { changes, verify } = planRevert();
  if (changes.length === 0) return say("nothing to change: afkill has not set any timeouts of sshd");
  if (dryRun) return changes.flatMap(preview).concat("would reload sshd").forEach(say);
  changeSshd(changes, verify, say);
}
