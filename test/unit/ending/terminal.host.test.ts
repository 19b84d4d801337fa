// Real shells on real ptys; root hangs their lines up, so these run as root.
import { type ChildProcess, spawn as spawnProcess } from "node:child_process";
import { statSync } from "node:fs";
import { type IPty, spawn } from "node-pty";
import { afterEach, expect, test, vi } from "vitest";
import { endLogin } from "../../../src/ending/end-login.ts";
import { hangUp } from "../../../src/ending/hang-up.ts";
import { target } from "../../../src/ending/insist.ts";
import { type Say, sayLastLine } from "../../../src/ending/last-line.ts";
import { sessionsSince, standStill } from "../../../src/ending/newcomers.ts";
import type { Login } from "../../../src/login/login.ts";
import { childrenOf, isAlive, type ProcessRef, readStat } from "../../../src/login/process.ts";
import { readClocks } from "../../../src/system/clock.ts";
import type { Led } from "../../support/real-terminals.ts";

const GENEROUS_MS = 20_000;
const SHORT_MS = 400;
vi.setConfig({ testTimeout: 60_000 });

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const silent: Say = async () => undefined;

function refOf(pid: number | undefined): ProcessRef {
  const stat = readStat(pid ?? -1);
  if (!stat) throw new Error(`no process ${pid}`);
  return { pid: stat.pid, startTicks: stat.startTicks };
}

/** A shell on a pty of its own, after its first command line has run. */
async function shellOn(line: string): Promise<{ pty: IPty; terminal: Led; output: () => string }> {
  const pty = spawn("/bin/bash", ["--norc", "--noprofile"], { env: { PATH: "/usr/bin:/bin", PS1: "$ " } });
  let output = "";
  pty.onData((data) => {
    output += data;
  });
  const leader = refOf(pty.pid);
  cleanUps.push(() => isAlive(leader) && process.kill(leader.pid, "SIGKILL"));
  pty.write(`${line}\r`);
  pty.write("echo ready-$((6 * 7))\r");
  await expect.poll(() => output, { timeout: GENEROUS_MS }).toContain("ready-42");
  const { ttyNr } = readStat(pty.pid) ?? { ttyNr: 0 };
  const path = `/dev/pts/${(ttyNr & 0xff) | ((ttyNr >>> 12) & 0xfff00)}`;
  expect(statSync(path).rdev).toBe(ttyNr);
  const terminal: Led = {
    id: path,
    path,
    deviceNumber: ttyNr,
    master: undefined,
    leader,
    reachable: true,
    foregroundGroup: leader.pid,
    foregroundIsLeader: true,
    foregroundJob: [],
    inner: undefined,
  };
  return { pty, terminal, output: () => output };
}

function background(command: string, args: string[]): ProcessRef & { child: ChildProcess } {
  const child = spawnProcess(command, args, { stdio: "ignore", detached: true });
  cleanUps.push(() => child.kill("SIGKILL"));
  return { child, ...refOf(child.pid) };
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await expect.poll(() => readStat(pid)?.state, { timeout: GENEROUS_MS }).toBe("T");
}

test("root hangs up a shell that traps SIGHUP and SIGTERM, without a signal", async () => {
  const { terminal } = await shellOn("trap '' HUP TERM");
  const outcome = await hangUp(terminal, { asRoot: true, graceMs: GENEROUS_MS, say: silent });
  expect(outcome.ended).toBe(true);
  expect(outcome.steps.at(-1)).toMatch(/^session leader \d+ of pts\/\d+ ended after a hang-up$/);
  expect(isAlive(terminal.leader)).toBe(false);
});

test("root hangs up a stopped shell", async () => {
  const { terminal } = await shellOn(":");
  await stop(terminal.leader.pid);
  const outcome = await hangUp(terminal, { asRoot: true, graceMs: GENEROUS_MS, say: silent });
  expect(outcome).toMatchObject({ ended: true });
  expect(outcome.steps.at(-1)).toMatch(/ended after a hang-up$/);
});

test("root kills a shell that traps SIGHUP and waits for a program that does too", async () => {
  const { pty, terminal } = await shellOn("trap '' HUP TERM");
  pty.write("sleep 1000\r");
  await expect.poll(() => childrenOf(pty.pid).length, { timeout: GENEROUS_MS }).toBe(1);
  const [job] = childrenOf(pty.pid).map(refOf);
  cleanUps.push(() => job && isAlive(job) && process.kill(job.pid, "SIGKILL"));
  const outcome = await hangUp(terminal, { asRoot: true, graceMs: SHORT_MS, say: silent });
  expect(outcome).toMatchObject({ ended: true });
  expect(outcome.steps.at(-1)).toMatch(/ended after SIGKILL$/);
  expect(job && isAlive(job)).toBe(true);
});

test("a user hangs up their shell by signal, and kills it where it does not listen", async () => {
  const plain = await shellOn(":");
  await stop(plain.terminal.leader.pid);
  const first = await hangUp(plain.terminal, { asRoot: false, graceMs: GENEROUS_MS, say: silent });
  expect(first.steps.at(-1)).toMatch(/ended after SIGHUP and SIGCONT$/);
  const trapping = await shellOn("trap '' HUP TERM");
  const second = await hangUp(trapping.terminal, { asRoot: false, graceMs: SHORT_MS, say: silent });
  expect(second.steps.at(-1)).toMatch(/ended after SIGKILL$/);
  expect(isAlive(trapping.terminal.leader)).toBe(false);
});

test("a terminal whose number went to somebody else is not hung up", async () => {
  const { terminal: victim, pty, output } = await shellOn(":");
  // What is left of a login that gave its terminal back: a session leader without one.
  const leader = background("/bin/sleep", ["1000"]);
  const outcome = await hangUp({ ...victim, leader }, { asRoot: true, graceMs: GENEROUS_MS, say: silent });
  expect(outcome.ended).toBe(true);
  expect(isAlive(leader)).toBe(false);
  expect(isAlive(victim.leader)).toBe(true);
  pty.write("echo alive-$((6 * 7))\r");
  await expect.poll(output, { timeout: GENEROUS_MS }).toContain("alive-42");
});

test("a leader whose pid went to somebody else is never signalled", async () => {
  const { terminal } = await shellOn(":");
  const { pid, startTicks } = terminal.leader;
  const stale = { ...terminal, leader: { pid, startTicks: startTicks - 1 } };
  for (const asRoot of [true, false]) {
    const outcome = await hangUp(stale, { asRoot, graceMs: SHORT_MS, say: silent });
    expect(outcome.steps.at(-1)).toMatch(/ended by itself$/);
  }
  expect(isAlive(terminal.leader)).toBe(true);
});

test("a last line that fails keeps nothing from ending", async () => {
  const { terminal } = await shellOn(":");
  const say: Say = async () => {
    throw new Error("no such terminal");
  };
  const outcome = await hangUp(terminal, { asRoot: true, graceMs: GENEROUS_MS, say });
  expect(outcome.ended).toBe(true);
  expect(outcome.steps[0]).toMatch(/^no last line on pts\/\d+: no such terminal$/);
});

test("a last line that comes too late is given up, and what it stops then is let go", async () => {
  const { terminal } = await shellOn(":");
  const thaw = vi.fn();
  const { promise, resolve } = Promise.withResolvers<{ thaw: () => void }>();
  const said = await sayLastLine(terminal, () => promise, 10);
  expect(said.text).toMatch(/^no last line on pts\/\d+: not in 0.01 s$/);
  expect(thaw).not.toHaveBeenCalled();
  resolve({ thaw });
  await expect.poll(() => thaw.mock.calls.length, { timeout: GENEROUS_MS }).toBe(1);
});

/** Something like a login: a parent that ends when its child does, the child, and a shell that neither of them started. */
async function loginOf(parentScript: string): Promise<{ login: Login; terminal: Led }> {
  const { terminal } = await shellOn("trap '' HUP TERM");
  const parent = background("/bin/bash", ["-c", parentScript]);
  await expect.poll(() => childrenOf(parent.pid).length, { timeout: GENEROUS_MS }).toBe(1);
  const server = refOf(childrenOf(parent.pid)[0]);
  cleanUps.push(() => isAlive(server) && process.kill(server.pid, "SIGKILL"));
  const privileged = { pid: parent.pid, startTicks: parent.startTicks };
  const login: Login = {
    privileged,
    child: server,
    server,
    user: "alice",
    uid: 1000,
    client: undefined,
    startedBootMs: 0,
  };
  return { login, terminal };
}

test("a login ends from the child up, and what the last line stopped is let go once the child is gone", async () => {
  const { login, terminal } = await loginOf("sleep 1000; exit 0");
  const seen: boolean[] = [];
  const say: Say = async () => ({ thaw: () => seen.push(isAlive(login.server)) });
  const outcome = await endLogin(login, [terminal], { asRoot: true, graceMs: SHORT_MS, say });
  const { pid } = login.server;
  expect(outcome.ended).toBe(true);
  expect(outcome.steps).toEqual([
    `last line on ${terminal.path.slice(5)}`,
    `child sshd ${pid} ended after SIGTERM`,
    `privileged sshd ${login.privileged?.pid} ended by itself`,
    `session leader ${terminal.leader.pid} of ${terminal.path.slice(5)} ended after SIGKILL`,
  ]);
  expect(seen).toEqual([false]);
});

test("a privileged sshd that does not go with its child is killed", async () => {
  const { login, terminal } = await loginOf("trap '' TERM; (exec sleep 1000); while :; do sleep 0.1; done");
  const outcome = await endLogin(login, [terminal], { asRoot: true, graceMs: SHORT_MS, say: silent });
  expect(outcome.ended).toBe(true);
  expect(outcome.steps[2]).toMatch(/^privileged sshd \d+ ended after SIGKILL$/);
});

test("a user does not signal the privileged sshd, and is told that it is still there", async () => {
  const { login, terminal } = await loginOf("(exec sleep 1000); while :; do sleep 0.1; done");
  const outcome = await endLogin(login, [terminal], { asRoot: false, graceMs: SHORT_MS, say: silent });
  expect(outcome.ended).toBe(false);
  expect(outcome.steps[2]).toMatch(/^privileged sshd \d+ still there: not ended by itself$/);
  expect(isAlive(terminal.leader)).toBe(false);
});

/** A login whose sshd has a child and makes another one for each SIGUSR1. */
const openingLogin = () =>
  loginOf("bash -c 'trap \"sleep 1002 &\" USR1; sleep 1001 & while :; do wait; done'; exit 0");

async function childrenCount(login: Login, count: number): Promise<void> {
  await expect.poll(() => childrenOf(login.server.pid).length, { timeout: GENEROUS_MS }).toBe(count);
}

function endsWithChildren(login: Login): void {
  const children = childrenOf(login.server.pid).map(refOf);
  cleanUps.push(() => {
    for (const child of children) if (isAlive(child)) process.kill(child.pid, "SIGKILL");
  });
}

test("a session that begins while the last line is said spares the sshd, and only the terminals are ended", async () => {
  const { login, terminal } = await openingLogin();
  await childrenCount(login, 1);
  const sinceMs = readClocks().bootMs + 10;
  const say: Say = async () => {
    await vi.waitUntil(() => readClocks().bootMs > sinceMs + 10);
    process.kill(login.server.pid, "SIGUSR1");
    await childrenCount(login, 2);
    return undefined;
  };
  const outcome = await endLogin(login, [terminal], { asRoot: true, graceMs: SHORT_MS, say, sinceMs });
  endsWithChildren(login);
  const [, newcomer] = childrenOf(login.server.pid);
  expect(outcome).toEqual({
    ended: true,
    spared: true,
    steps: [
      `no last line on ${terminal.path.slice(5)}`,
      `child sshd ${login.server.pid} lives on: process ${newcomer} began at the last moment`,
      expect.stringMatching(/^session leader \d+ of pts\/\d+ ended after /),
    ],
  });
  expect(isAlive(terminal.leader)).toBe(false);
  expect(readStat(login.server.pid)?.state).toBe("S");
});

test("what began before the look spares nobody, and an sshd that was stopped for a look still acts on SIGTERM", async () => {
  const { login, terminal } = await openingLogin();
  await childrenCount(login, 1);
  endsWithChildren(login);
  const sinceMs = readClocks().bootMs + 10;
  await vi.waitUntil(() => readClocks().bootMs > sinceMs);
  const manner = { asRoot: true, graceMs: SHORT_MS, say: silent, sinceMs };
  const { ended, spared, steps } = await endLogin(login, [terminal], manner);
  expect([ended, spared]).toEqual([true, undefined]);
  expect(steps[1]).toBe(`child sshd ${login.server.pid} ended after SIGTERM`);
});

test("a sshd that its user stopped is killed, and not let go on for a look", async () => {
  const { login, terminal } = await loginOf("sleep 1000; exit 0");
  process.kill(login.server.pid, "SIGSTOP");
  await expect.poll(() => readStat(login.server.pid)?.state, { timeout: GENEROUS_MS }).toBe("T");
  const sinceMs = readClocks().bootMs + 10;
  const manner = { asRoot: true, graceMs: SHORT_MS, say: silent, sinceMs };
  const { steps } = await endLogin(login, [terminal], manner);
  expect(steps[1]).toBe(`child sshd ${login.server.pid} ended after SIGKILL`);
});

test("an sshd stands still while it is looked at", async () => {
  const { login } = await openingLogin();
  await childrenCount(login, 1);
  endsWithChildren(login);
  using sshd = target("sshd", login.server);
  const { release } = await standStill(sshd);
  expect(readStat(login.server.pid)?.state).toBe("T");
  process.kill(login.server.pid, "SIGUSR1");
  expect(sessionsSince(login, 0)).toHaveLength(1);
  release();
  await childrenCount(login, 2);
  endsWithChildren(login);
});
