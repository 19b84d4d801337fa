// Logins on a machine that fall idle, with times of its boot clock, in seconds.
import { expect, vi } from "vitest";
import type { Machine } from "../lab/machine/machine.ts";
import type { Ssh } from "../lab/ssh.ts";
import { SOON } from "./logins.ts";

/** The kernel tells the last key to 8 seconds, and a check takes a second: 29 s on most hosts. A machine is far slower than they. */
const LATE_S = 8 + 1 + 21;

/** The last key lies between `beforeS` and `afterS`, the end between `aliveS` and `goneS`. */
export interface Idle {
  readonly user: string;
  readonly beforeS: number;
  readonly afterS: number;
  readonly ended: Promise<{ readonly aliveS: number; readonly goneS: number; readonly output: string }>;
}

/** Logs in and waits for the shell. */
export async function logIn(machine: Machine, user: string, options: readonly string[] = []): Promise<Ssh> {
  const ssh = machine.ssh(user, options);
  await ssh.waitFor(/[$#] $/m);
  return ssh;
}

/** Presses a key every so often, until the function that it returns is called. */
export function keepTyping(ssh: Ssh, everyMs: number): () => void {
  const timer = setInterval(() => ssh.write(" "), everyMs);
  return () => {
    clearInterval(timer);
    ssh.write("\u0015");
  };
}

/** Presses the last keys of a login. `sshd` is what its shell knows the pid of its sshd by; a login shell is a child of it. */
export async function lastKeys(machine: Machine, user: string, ssh: Ssh, sshd = "$PPID"): Promise<Idle> {
  const beforeS = await machine.uptime();
  ssh.write(`echo "sshd=${sshd}"\r`);
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

/** What was recorded after the last key, without suspends: how idle a login was said to be, and how idle it was, in seconds. */
async function claims(machine: Machine, { user, beforeS }: Idle): Promise<{ said: number; was: number }[]> {
  const record = new RegExp(`^\\[ *([0-9.]+)\\].* action=(?:notice|end) user=${user} .* idle=(\\d+) `, "gm");
  // The record of the end follows the proof of it.
  const log = await vi.waitFor(async () => {
    const text = await machine.syslog();
    expect(text).toContain(` action=end user=${user} `);
    return text;
  }, SOON);
  const found = [...log.matchAll(record)];
  const all = found.map(([, atS, said]) => ({ said: Number(said), was: Number(atS) - beforeS }));
  return all.filter(({ was }) => was > 0);
}

export interface Times {
  readonly limitS: number;
  /** How long the machine was suspended after the last key, which is not idle time. */
  readonly sleptS?: number;
  /** How much later than otherwise the end may be. */
  readonly laterS?: number;
  /** What the client says at the end. */
  readonly says?: string;
}

/** Waits for the end of a login and checks that it came at its limit, and that nobody was told of more idle time than there was. */
export async function expectIdleEnd(
  machine: Machine,
  idle: Idle,
  { limitS, sleptS = 0, laterS = 0, says = "closed by remote host" }: Times,
): Promise<void> {
  const { aliveS, goneS, output } = await idle.ended;
  expect(output).toContain(says);
  const claimed = await claims(machine, idle);
  expect(claimed.length).toBeGreaterThanOrEqual(2);
  for (const { said, was } of claimed) expect(said).toBeLessThanOrEqual(was + 1);
  expect(goneS - idle.beforeS - sleptS).toBeGreaterThanOrEqual(limitS);
  expect(aliveS - idle.afterS - sleptS).toBeLessThanOrEqual(limitS + LATE_S + laterS);
}
