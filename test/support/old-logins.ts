// Logins of two hours on a whole machine, and what a sweep that something else starts must do to them.
import { expect } from "vitest";
import type { Machine } from "../lab/machine/machine.ts";
import type { Ssh } from "../lab/ssh.ts";

/** Logs users in, and makes that two hours ago by all the machine's own clocks; nobody has typed since, and no watchdog is there. */
export async function loggedInLongAgo(machine: Machine, users: readonly string[]): Promise<Map<string, Ssh>> {
  await machine.addUsers(...users);
  const logins = new Map(users.map((user) => [user, machine.ssh(user)]));
  await Promise.all([...logins.values()].map((ssh) => ssh.waitFor(/\$ $/m)));
  const watchdogs = () => machine.must("pgrep -cf '/usr/lib/afkill/[w]atchdog' || :");
  for (const ssh of logins.values()) await ssh.waitFor(async () => Number(await watchdogs()) >= users.length);
  await machine.must("pkill -KILL -f '/usr/lib/afkill/[w]atchdog'");
  expect(await machine.suspend(1, 7200)).toBeGreaterThan(7200);
  for (const user of users) {
    const ages = (await machine.must(`ps -o etimes= -u ${user}`)).trim().split(/\s+/).map(Number);
    expect(Math.min(...ages)).toBeGreaterThan(7200);
  }
  return logins;
}

/** Types a command, and waits for its answer. */
async function typeIn(ssh: Ssh, word: string): Promise<void> {
  ssh.write(`echo 'th'${word}\r`);
  await ssh.waitFor(new RegExp(`^th${word}`, "m"));
}

/** What a sweep would do now, by user. */
async function rehearsed(machine: Machine): Promise<Record<string, string>> {
  const { logins } = JSON.parse(await machine.must("afkill sweep --dry-run --json"));
  return Object.fromEntries(
    logins.map(({ user, action }: { user: string; action: string }) => [user, action]),
  );
}

/** What runs every five minutes has not long to wait then. */
async function stepToNearlyFiveMinutes(machine: Machine): Promise<void> {
  const nowS = Number(await machine.must("date +%s"));
  await machine.stepClock(`@${nowS - (nowS % 300) + 290}`);
}

interface Swept {
  readonly idle: string;
  readonly typing: string;
  /** Exempt while this lasts. */
  readonly spared: readonly string[];
}

/** Waits until a sweep that `start` asked for has ended the idle login of two, and sees the one that is typed in live. */
export async function expectSwept(
  machine: Machine,
  logins: ReadonlyMap<string, Ssh>,
  { idle, typing, spared }: Swept,
  start: () => Promise<unknown>,
): Promise<void> {
  const [ended, living] = [logins.get(idle), logins.get(typing)] as [Ssh, Ssh];
  const endsOf = async (name: string) =>
    (await machine.audit()).filter(({ user, action }) => user === name && action === "end");
  const exempt = `[exempt]\nusers = ${JSON.stringify(spared)}\n`;
  await machine.writePolicy(`idle_timeout = "15m"\nwarn_before = ["5s"]\n${exempt}`);
  await typeIn(living, "one");
  expect(await rehearsed(machine)).toMatchObject({ [idle]: "warn", [typing]: "keep" });
  await start();
  await stepToNearlyFiveMinutes(machine);
  await typeIn(living, "two");
  await ended.exit;
  await living.waitFor(async () => (await endsOf(idle)).length > 0);
  expect(await endsOf(idle)).toMatchObject([{ ended: true, cause: "idle" }]);
  expect(await endsOf(typing)).toEqual([]);
  await typeIn(living, "three");
  living.write("exit\r");
  await living.exit;
}
