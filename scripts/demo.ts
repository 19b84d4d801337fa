// The story of scripts/demo: a real login on a real sshd is warned, kept by a key, warned again, and ended.
// Exit status 0 only if all of that was seen.
import type { AuditRecord } from "../src/audit/record.ts";
import { type Lab, type Ssh, startLab } from "../test/lab/lab.ts";
import { follow } from "./lib/follow.ts";
import { openPanes } from "./lib/panes.ts";
import { openStreams, type Stage } from "./lib/stage.ts";

const POLICY = `idle_timeout = "20s"
warn_before  = ["10s", "5s"]
`;
// Twice the limit, the 8 seconds by which the kernel's time of a terminal lags, and time for a slow machine.
const BOUND_MS = 120_000;
const SHOW_END_MS = 6_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Types as a person does, so that the viewer can follow. */
async function type(ssh: Ssh, text: string): Promise<void> {
  for (const key of text) {
    ssh.write(key);
    await sleep(60);
  }
  ssh.write("\r");
}

async function story(ssh: Ssh, stage: Stage): Promise<void> {
  await ssh.waitFor(/visitor@lab/, BOUND_MS);
  stage.say("the user works");
  await type(ssh, "echo 'I am at work'; date +%T");
  await ssh.waitFor(/^\d\d:\d\d:\d\d$/m, BOUND_MS);
  stage.say("the user goes away; after 10 s of the limit of 20 s there is a notice");
  await ssh.waitFor(/closes in \d+ s, press/, BOUND_MS);
  stage.say("the user sees the notice and, 3 s later, presses a key");
  await sleep(3_000);
  ssh.write("\r");
  await ssh.waitFor(/your login stays/, BOUND_MS);
  stage.say("the key keeps the login; now the user goes away for good");
  await ssh.waitFor(() => /closes in [1-5] s, press/.test(ssh.screen()), BOUND_MS);
  stage.say("the last notice: 5 s are left");
  await ssh.exit;
  stage.say("the login has been ended");
}

/** Plays the story on the stage. Resolves with its audit. */
async function play(lab: Lab, stage: Stage): Promise<AuditRecord[]> {
  const unfollow = follow(`${lab.root}/var/log/messages`, (line) => {
    if (/ afkill|sshd\S*: (Accepted|pam_unix)/.test(line)) stage.log(shortened(line));
  });
  const ssh = lab.ssh("visitor", [], undefined, { cols: stage.columns, rows: stage.rows });
  ssh.onOutput(stage.user);
  const drawing = setInterval(() => stage.screen(ssh.screen()), 200);
  try {
    await story(ssh, stage);
    if (!ssh.output.includes("closed by remote host")) throw new Error("the client ended in another way");
    await ssh.waitFor(async () => (await lab.audit()).some(({ action }) => action === "end"), BOUND_MS);
    await sleep(SHOW_END_MS);
    return await lab.audit();
  } finally {
    clearInterval(drawing);
    await unfollow();
  }
}

/** A line of the system log without its date, host and priority, for a narrow pane. */
function shortened(line: string): string {
  return line.replace(/^\w+ +\d+ (\S+) \S+ \S+ /, "$1 ");
}

/** Plays the demo in its own lab. The lab is gone when this resolves or rejects. */
async function demo(interrupted: Promise<never>): Promise<AuditRecord[]> {
  await using lab = await startLab({ hook: "pam", policy: POLICY });
  await lab.addUser("visitor");
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const stage = onTerminal ? await openPanes(lab) : openStreams((text) => process.stdout.write(text));
  const closed = stage.closed.then(() => Promise.reject(new Error("stopped by its watcher")));
  try {
    return await Promise.race([play(lab, stage), interrupted, closed]);
  } finally {
    await stage.close();
  }
}

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
});
interrupted.catch(() => undefined);
// A closed terminal takes no output. Even then the lab must be removed.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

try {
  const audit = await demo(interrupted);
  console.log("What the audit says:");
  for (const { time, action, user, idleSeconds, reason } of audit)
    console.log(`  ${time}  ${action.padEnd(7)} ${user}, idle for ${idleSeconds} s: ${reason}`);
  const actions = audit.map(({ action }) => action).join(" ");
  if (!/^(notice )+stay (notice )+(hang-up )?end$/.test(actions))
    throw new Error("that is not the whole story");
  console.log("A real login was warned, kept by a key, warned again, and ended.");
} catch (error) {
  console.error(`scripts/demo: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
process.exit();
