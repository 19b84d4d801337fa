import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { hold, isGone } from "../../../src/ending/held.ts";
import { HANG_UP_SIGNAL, ITSELF, insist, KILL, TERMINATE, target } from "../../../src/ending/insist.ts";
import { childrenOf, type ProcessRef, readStat } from "../../../src/login/process.ts";
import { SHOW, SHOWN, SHOWN_NODE } from "../../support/shown.ts";

const GENEROUS_MS = 20_000;
const SHORT_MS = 300;
vi.setConfig({ testTimeout: 60_000 });

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Starts a program that prints a line when it is ready. */
async function start(command: string, ...args: string[]): Promise<ProcessRef & { child: ChildProcess }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  await once(child.stdout, "data");
  return { child, ...refOf(child.pid) };
}

function refOf(pid: number | undefined): ProcessRef {
  const stat = readStat(pid ?? -1);
  if (!stat) throw new Error(`no process ${pid}`);
  return { pid: stat.pid, startTicks: stat.startTicks };
}

function startShell(script: string) {
  return start("/bin/bash", "-c", `${script}; echo ready; while :; do sleep 0.1; done`);
}

async function stopped(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await expect.poll(() => readStat(pid)?.state, { timeout: GENEROUS_MS }).toBe("T");
}

test("a process with the same pid and another start time is gone, and is never signalled", async () => {
  const shell = await startShell(":");
  const other = { pid: shell.pid, startTicks: shell.startTicks - 1 };
  expect(hold(other)).toBeUndefined();
  using it = target("sshd", other);
  expect(await insist(it, [TERMINATE, KILL], SHORT_MS)).toEqual({
    ended: true,
    text: "sshd ended by itself",
  });
  expect(shell.child.exitCode ?? shell.child.signalCode).toBeNull();
  expect(readStat(shell.pid)?.startTicks).toBe(shell.startTicks);
});

test("a process that ended before is not held", async () => {
  const shell = await startShell(":");
  shell.child.kill("SIGKILL");
  await once(shell.child, "exit");
  expect(hold(shell)).toBeUndefined();
});

test("a zombie is gone though its pid is still there", async () => {
  // The inner shell ends; the outer one has become a program that never asks for it.
  const parent = await start("/bin/sh", "-c", "sh -c 'echo $$; read end' & exec sleep 1000");
  const [pid] = await childOf(parent.pid);
  const ref = refOf(pid);
  using held = hold(ref);
  if (!held) throw new Error("not held");
  process.kill(ref.pid, "SIGKILL");
  await expect.poll(() => readStat(ref.pid)?.state, { timeout: GENEROUS_MS }).toBe("Z");
  expect(isGone(held)).toBe(true);
});

test("a process whose first thread has ended is not gone while another thread runs", async () => {
  const python = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
print("ready", flush=True)
ctypes.CDLL(None).syscall(60 if __import__("platform").machine() == "x86_64" else 93, 0)`;
  const shell = await start("/usr/bin/python3", "-c", python);
  await expect.poll(() => readStat(shell.pid)?.state, { timeout: GENEROUS_MS }).toBe("Z");
  using it = target("leader", shell);
  expect(await insist(it, [ITSELF], SHORT_MS)).toMatchObject({ ended: false });
  expect(await insist(it, [KILL], GENEROUS_MS)).toMatchObject({ ended: true });
});

test("SIGTERM is enough for a process that takes it", async () => {
  using it = target("sshd", await startShell(":"));
  expect(await insist(it, [TERMINATE, KILL], GENEROUS_MS)).toEqual({
    ended: true,
    text: "sshd ended after SIGTERM",
  });
});

test("a stopped process is killed at once: waiting for it is in vain", async () => {
  const shell = await startShell(":");
  await stopped(shell.pid);
  using it = target("sshd", shell);
  const before = performance.now();
  const step = await insist(it, [TERMINATE, KILL], GENEROUS_MS);
  expect(step).toEqual({ ended: true, text: "sshd ended after SIGKILL" });
  expect(performance.now() - before).toBeLessThan(GENEROUS_MS);
});

test("a stopped session leader is hung up by SIGHUP, since SIGCONT follows", async () => {
  const shell = await startShell(":");
  await stopped(shell.pid);
  using it = target("leader", shell);
  expect(await insist(it, [HANG_UP_SIGNAL], GENEROUS_MS)).toMatchObject({ ended: true });
});

test("a process that ignores SIGHUP and SIGTERM is killed, after each has had its grace", async () => {
  using it = target("leader", await startShell("trap '' HUP TERM"));
  expect(await insist(it, [ITSELF, HANG_UP_SIGNAL, TERMINATE], SHORT_MS)).toEqual({
    ended: false,
    text: "leader still there: not ended by itself, after SIGHUP and SIGCONT, after SIGTERM",
  });
  expect(await insist(it, [TERMINATE, KILL], SHORT_MS)).toMatchObject({ text: "leader ended after SIGKILL" });
});

test("a measure that fails is told, and the next one is taken without waiting", async () => {
  using it = target("sshd", await startShell(":"));
  const refused = {
    name: "after SIGTERM",
    take: () => {
      throw new Error("EPERM");
    },
  };
  const before = performance.now();
  expect(await insist(it, [refused], GENEROUS_MS)).toEqual({
    ended: false,
    text: "sshd still there: not ended after SIGTERM (failed: EPERM)",
  });
  expect(performance.now() - before).toBeLessThan(GENEROUS_MS);
  expect(await insist(it, [refused, KILL], GENEROUS_MS)).toMatchObject({ ended: true });
});

test("a process that /proc hides is neither signalled nor called gone", async () => {
  const shell = await startShell(":");
  const script = `
    import { KILL, insist, target } from ${JSON.stringify(`${SHOWN}/src/ending/insist.ts`)};
    using it = target("sshd", ${JSON.stringify({ pid: shell.pid, startTicks: shell.startTicks })});
    console.log(JSON.stringify(await insist(it, [KILL], 100)));`;
  // As somebody else than the owner of the process, as root would see it all the same.
  const shown = `${SHOW}mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" --no-warnings --input-type=module --eval "$1"`;
  const { stdout } = await promisify(execFile)(
    "unshare",
    ["--mount", "sh", "-euc", shown, SHOWN_NODE, script],
    { cwd: "/" },
  );
  expect(JSON.parse(stdout)).toEqual({
    ended: false,
    text: `sshd still there: /proc does not show process ${shell.pid}`,
  });
  expect(shell.child.signalCode).toBeNull();
});

async function childOf(pid: number): Promise<number[]> {
  await expect.poll(() => childrenOf(pid).length, { timeout: GENEROUS_MS }).toBeGreaterThan(0);
  return childrenOf(pid);
}
