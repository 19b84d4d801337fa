// Idle time on a machine whose wall clock steps, and which is suspended. No namespace has a clock of its own: it takes a machine.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { bootMachine, type Machine } from "../lab/machine/machine.ts";
import type { Ssh } from "../lab/ssh.ts";

const POLICY = `
idle_timeout = "20s"
warn_before = ["10s", "5s"]
`;
const LIMIT_S = 20;
/** The kernel tells the last key to 8 seconds, and a check takes a second: 29 s on most hosts. This machine is far slower than they. */
const LATEST_S = LIMIT_S + 8 + 1 + 21;

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
async function twoIdleAcross(happening: () => Promise<unknown>): Promise<[warned: Idle, dormant: Idle]> {
  const [bob, carol] = await Promise.all([logIn("bob"), logIn("carol")]);
  const keys = setInterval(() => carol.write(" "), 1000);
  const warned = await lastKeys("bob", bob);
  await machine.must("sleep 8");
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

/** `sleptS`: how long the machine was suspended after the last key, which is not idle time. `laterS`: how much later it may be. */
async function expectEndOnTime(idle: Idle, sleptS = 0, laterS = 0): Promise<void> {
  const { aliveS, goneS, output } = await idle.ended;
  expect(output).toContain("closed by remote host");
  const claimed = await claims(idle);
  expect(claimed.length).toBeGreaterThanOrEqual(2);
  for (const { said, was } of claimed) expect(said).toBeLessThanOrEqual(was + 1);
  expect(goneS - idle.beforeS - sleptS).toBeGreaterThanOrEqual(LIMIT_S);
  expect(aliveS - idle.afterS - sleptS).toBeLessThanOrEqual(LATEST_S + laterS);
}

async function expectTypistAtPeace(): Promise<void> {
  await expect(typist.waitFor(/never/, 100)).rejects.toThrow("not within 100 ms");
  expect((await machine.audit()).filter(({ user }) => user === "alice")).toEqual([]);
}

beforeAll(async () => {
  machine = await bootMachine({ policy: POLICY, hook: "pam" });
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
    let awakeS = 0;
    const idle = await twoIdleAcross(async () => {
      await machine.freeze(15);
      awakeS = await machine.uptime();
    });
    for (const login of idle) {
      await expectEndOnTime(login, 0, 15);
      expect((await login.ended).goneS - awakeS).toBeGreaterThan(4);
    }
    await expectTypistAtPeace();
  });

  // The last one: from here on the stamps of the log and the boot clock differ.
  test("do not notice a suspend", async () => {
    onTestFailed(async () => console.log(await machine.report()));
    let sleptS = 0;
    const idle = await twoIdleAcross(async () => {
      sleptS = await machine.suspend(15);
    });
    expect(sleptS).toBeGreaterThan(13);
    for (const login of idle) await expectEndOnTime(login, sleptS);
    await expectTypistAtPeace();
  });
});
