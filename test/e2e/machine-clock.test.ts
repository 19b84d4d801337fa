// Idle time on a machine whose wall clock steps, and which is suspended. No namespace has a clock of its own: it takes a machine.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import type { Ssh } from "../lab/ssh.ts";
import { bootMachine, type Machine } from "../lab/machine/machine.ts";

const POLICY = `
idle_timeout = "20s"
warn_before = ["10s", "5s"]
`;
const LIMIT_S = 20;
/** The kernel tells the last key to 8 seconds; an end, and seeing it, take a moment, longer on a slow machine. */
const LATEST_S = LIMIT_S + 8 + 1 + 3;
/** How often the end of a login is looked for. */
const GRAIN_S = 0.3;

let machine: Machine;
let typist: Ssh;
let typing: NodeJS.Timeout;

/** Boot clock, in seconds: the last key lies between `beforeS` and `afterS`, the end not earlier than `aliveS` and soon after. */
interface Idle {
  readonly beforeS: number;
  readonly afterS: number;
  readonly ended: Promise<{ readonly aliveS: number; readonly output: string }>;
}

async function logIn(user: string): Promise<Ssh> {
  const ssh = machine.ssh(user);
  await ssh.waitFor(/\$ $/m);
  return ssh;
}

/** Presses the last keys of a login. */
async function lastKeys(ssh: Ssh): Promise<Idle> {
  const beforeS = await machine.uptime();
  // A login shell's parent is the sshd that serves the login.
  ssh.write('echo "sshd=$PPID"\r');
  await ssh.waitFor(/^sshd=\d+$/m);
  const afterS = await machine.uptime();
  const pid = /^sshd=(\d+)$/m.exec(ssh.screen())?.[1];
  const watch = `while kill -0 ${pid} 2>/dev/null; do read -r alive _ </proc/uptime; sleep ${GRAIN_S}; done; echo $alive`;
  const alive = machine.must(watch, { timeoutMs: 120_000 });
  const ended = Promise.all([alive, ssh.exit]).then(([s]) => ({ aliveS: Number(s), output: ssh.output }));
  // Whoever waits sees a failure; until then nobody does.
  ended.catch(() => undefined);
  return { beforeS, afterS, ended };
}

/** Something happens 12 s after the last key of one login, which stands under a notice then, and 5 s after that of another. */
async function twoIdleAcross(happening: () => Promise<unknown>): Promise<[warned: Idle, dormant: Idle]> {
  const [first, second] = await Promise.all([logIn("bob"), logIn("carol")]);
  const warned = await lastKeys(first);
  await machine.must("sleep 7");
  const dormant = await lastKeys(second);
  await machine.must("sleep 5");
  await happening();
  return [warned, dormant];
}

/** `sleptS`: how long the machine was suspended after the last key, which is not idle time. */
async function expectEndOnTime(idle: Idle, sleptS = 0): Promise<void> {
  const { aliveS, output } = await idle.ended;
  expect(output).toContain("closed by remote host");
  expect(output).toMatch(/closes in \d+ s/);
  expect(aliveS + GRAIN_S - idle.beforeS - sleptS).toBeGreaterThanOrEqual(LIMIT_S);
  expect(aliveS - idle.afterS - sleptS).toBeLessThanOrEqual(LATEST_S);
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
  for (const step of ["+1 day", "-1 day", "+1 hour", "-1 hour"]) {
    test(`do not notice a wall clock stepped by ${step}`, async () => {
      onTestFailed(async () => console.log(await machine.report()));
      const idle = await twoIdleAcross(() => machine.stepClock(step));
      for (const login of idle) await expectEndOnTime(login);
      await expectTypistAtPeace();
    });
  }

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
