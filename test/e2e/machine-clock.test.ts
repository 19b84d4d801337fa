// Idle time on a machine whose wall clock steps, and which is suspended. No namespace has a clock of its own: it takes a machine.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { bootMachine, type Machine } from "../lab/machine/machine.ts";
import type { Ssh } from "../lab/ssh.ts";

const LIMIT_S = 20;
const policy = (limitS: number) => `idle_timeout = "${limitS}s"\nwarn_before = ["${limitS / 2}s", "5s"]\n`;
/** The kernel tells the last key to 8 seconds, and a check takes a second: 29 s on most hosts. This machine is far slower than they. */
const LATE_S = 8 + 1 + 21;

let machine: Machine;
let typist: Ssh;
let typing: NodeJS.Timeout;

/** Boot clock, in seconds: the last key lies between `beforeS` and `afterS`, the end between `aliveS` and `goneS`. */
interface Idle {
  readonly user: string;
  readonly beforeS: number;
  readonly afterS: number;
  readonly ended: Promise<{ readonly aliveS: number; readonly goneS: number; readonly output: string }>;
}

async function logIn(user: string): Promise<Ssh> {
  const ssh = machine.ssh(user);
  await ssh.waitFor(/\$ $/m);
  return ssh;
}

/** Presses the last keys of a login. */
async function lastKeys(user: string, ssh: Ssh): Promise<Idle> {
  const beforeS = await machine.uptime();
  // A login shell's parent is the sshd that serves the login.
  ssh.write('echo "sshd=$PPID"\r');
  await ssh.waitFor(/^sshd=\d+$/m);
  const afterS = await machine.uptime();
  const pid = /^sshd=(\d+)$/m.exec(ssh.screen())?.[1];
  const watch = `while kill -0 ${pid} 2>/dev/null; do read -r alive _ </proc/uptime; sleep 0.2; done
    read -r gone _ </proc/uptime; echo $alive $gone`;
  const end = machine.must(watch, { timeoutMs: 120_000 });
  const ended = Promise.all([end, ssh.exit]).then(([text]) => {
    const [aliveS = Number.NaN, goneS = Number.NaN] = text.split(" ").map(Number);
    return { aliveS, goneS, output: ssh.output };
  });
  // Whoever waits sees a failure; until then nobody does.
  ended.catch(() => undefined);
  return { user, beforeS, afterS, ended };
}

/**
 * Something happens while one login stands under a notice, and 5 to 12 s after the last key of another that nobody has warned: that
 * key lies in a later one of the kernel's 8-second buckets than the last key of the first.
 */
async function twoIdleAcross(
  happening: () => Promise<unknown>,
  apartS = 8,
): Promise<[warned: Idle, dormant: Idle]> {
  const [bob, carol] = await Promise.all([logIn("bob"), logIn("carol")]);
  const keys = setInterval(() => carol.write(" "), 1000);
  const warned = await lastKeys("bob", bob);
  await machine.must(`sleep ${apartS}`);
  clearInterval(keys);
  carol.write("\u0015");
  const dormant = await lastKeys("carol", carol);
  await machine.must("sleep 5");
  await bob.waitFor(() => /closes in \d+ s/.test(bob.output));
  // By now the check has done with the notice, and only looks.
  await machine.must("sleep 2");
  expect(carol.output).not.toMatch(/closes in/);
  await happening();
  return [warned, dormant];
}

/** What was recorded after the last key, without suspends: how idle a login was said to be, and how idle it was, in seconds. */
async function claims({ user, beforeS }: Idle): Promise<{ said: number; was: number }[]> {
  const record = new RegExp(`^\\[ *([0-9.]+)\\].* action=(?:notice|end) user=${user} .* idle=(\\d+) `, "gm");
  const found = [...(await machine.syslog()).matchAll(record)];
  const all = found.map(([, atS, said]) => ({ said: Number(said), was: Number(atS) - beforeS }));
  return all.filter(({ was }) => was > 0);
}

interface Times {
  readonly limitS?: number;
  /** How long the machine was suspended after the last key, which is not idle time. */
  readonly sleptS?: number;
  /** How much later than otherwise the end may be. */
  readonly laterS?: number;
}

async function expectEndOnTime(
  idle: Idle,
  { limitS = LIMIT_S, sleptS = 0, laterS = 0 }: Times = {},
): Promise<void> {
  const { aliveS, goneS, output } = await idle.ended;
  expect(output).toContain("closed by remote host");
  const claimed = await claims(idle);
  expect(claimed.length).toBeGreaterThanOrEqual(2);
  for (const { said, was } of claimed) expect(said).toBeLessThanOrEqual(was + 1);
  expect(goneS - idle.beforeS - sleptS).toBeGreaterThanOrEqual(limitS);
  expect(aliveS - idle.afterS - sleptS).toBeLessThanOrEqual(limitS + LATE_S + laterS);
}

async function expectTypistAtPeace(): Promise<void> {
  await expect(typist.waitFor(/never/, 100)).rejects.toThrow("not within 100 ms");
  expect((await machine.audit()).filter(({ user }) => user === "alice")).toEqual([]);
}

beforeAll(async () => {
  machine = await bootMachine({ policy: policy(LIMIT_S), hook: "pam" });
  await machine.addUsers("alice", "bob", "carol");
  typist = await logIn("alice");
  typing = setInterval(() => typist.write(" "), 3000);
}, 400_000);

afterAll(async () => {
  clearInterval(typing);
  await machine?.stop();
});

describe("the limit, and a user who types every three seconds,", () => {
  for (const steps of [["+1 day"], ["-1 day"], ["-1 hour", "+2 hours"]]) {
    test(`do not notice a wall clock stepped by ${steps.join(" and then by ")}`, async () => {
      onTestFailed(async () => console.log(await machine.report()));
      const idle = await twoIdleAcross(async () => {
        for (const step of steps) {
          await machine.stepClock(step);
          await machine.must("sleep 1");
        }
      });
      for (const login of idle) await expectEndOnTime(login);
      await expectTypistAtPeace();
    });
  }

  // All clocks of a frozen machine run on, so that nothing can tell how much of the time before a look it did not run: the limit
  // counted without the frozen time may come out shorter, but not the time to answer a notice.
  test("leave time to answer to a user of a machine that was frozen", async () => {
    onTestFailed(async () => console.log(await machine.report()));
    const limitS = 30;
    await machine.writePolicy(policy(limitS));
    let frozenS = 0;
    let awakeS = 0;
    const idle = await twoIdleAcross(async () => {
      frozenS = await machine.uptime();
      await machine.freeze(15);
      awakeS = await machine.uptime();
    }, 12);
    for (const login of idle) {
      await expectEndOnTime(login, { limitS, laterS: 15 });
      const leftS = limitS - (frozenS - login.beforeS);
      // What was under way when the machine froze, and was not known to take long, counts as idle time: a wait of a second and a look.
      expect((await login.ended).goneS - awakeS).toBeGreaterThan(leftS - 3);
    }
    await expectTypistAtPeace();
    await machine.writePolicy(policy(LIMIT_S));
  });

  // The last one: from here on the stamps of the log and the boot clock differ.
  test("do not notice a suspend", async () => {
    onTestFailed(async () => console.log(await machine.report()));
    let sleptS = 0;
    const idle = await twoIdleAcross(async () => {
      sleptS = await machine.suspend(15);
    });
    expect(sleptS).toBeGreaterThan(13);
    for (const login of idle) await expectEndOnTime(login, { sleptS });
    await expectTypistAtPeace();
  });
});
