// What is stopped while a terminal is locked, with real processes of a user.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import { holdTerminal } from "../../../src/lock/hold.ts";
import { allProcesses, type ProcessRef, readStat, threadStatesOf } from "../../../src/login/process.ts";
import { sleeper, type UserShell, userShell } from "../../support/locks.ts";
import { pause, until } from "../../support/real-terminals.ts";

const stateOf = ({ pid }: { pid: number }) => readStat(pid)?.state;

const nothing = () => undefined;

const heldBy = ({ login, terminal, fd }: UserShell) => ({ login, terminal: terminal(), fd });

test("the leader is stopped first and continues last, so the shell sees no job stop; background jobs go on", async () => {
  const shell = await userShell();
  shell.pty.write("sleep 70001 &\rsleep 70002\r");
  const [background, front] = [await sleeper(70_001), await sleeper(70_002)];
  const noted: ProcessRef[][] = [];
  const hold = await holdTerminal(heldBy(shell), (stopped) => noted.push([...stopped]), nothing);
  expect(noted.at(-1)?.map(({ pid }) => pid)).toEqual([shell.pty.pid, front.pid]);
  expect([{ pid: shell.pty.pid }, front].map(stateOf)).toEqual(["T", "T"]);
  expect(stateOf(background)).toBe("S");
  hold.release();
  await until(() => stateOf(front) === "S");
  shell.pty.write("\x03echo job-$((6 * 7))\r");
  await until(() => shell.output().includes("job-42"));
  expect(shell.output()).not.toContain("Stopped");
  closeSync(shell.fd);
});

test("the shells between the leader and the program in front see no job stop either", async () => {
  const shell = await userShell();
  shell.pty.write("PS1='inner> ' bash --norc --noprofile\r");
  await until(() => shell.output().includes("inner> "));
  const inner = [...allProcesses().values()].find(({ parent }) => parent === shell.pty.pid);
  shell.pty.write("sleep 70010\r");
  const front = await sleeper(70_010);
  const noted: ProcessRef[][] = [];
  const hold = await holdTerminal(
    heldBy(shell),
    (stopped) => noted.push([...stopped]),
    () => undefined,
  );
  expect(noted.at(-1)?.map(({ pid }) => pid)).toEqual([shell.pty.pid, inner?.pid, front.pid]);
  expect([shell.pty.pid, inner?.pid ?? 0, front.pid].map((pid) => stateOf({ pid }))).toEqual(["T", "T", "T"]);
  hold.release();
  await until(() => stateOf(front) === "S");
  shell.pty.write("\x03echo job-$((6 * 7))\r");
  await until(() => shell.output().includes("job-42"));
  expect(shell.output()).not.toContain("Stopped");
  closeSync(shell.fd);
});

test("what will be stopped is noted before it is, and nothing is stopped that could not be noted", async () => {
  const shell = await userShell();
  const seen = new Map<number, string | undefined>();
  const hold = await holdTerminal(
    heldBy(shell),
    (stopped) => {
      for (const ref of stopped) if (!seen.has(ref.pid)) seen.set(ref.pid, stateOf(ref));
    },
    nothing,
  );
  hold.release();
  expect([...seen]).toEqual([[shell.pty.pid, "S"]]);
  await until(() => stateOf({ pid: shell.pty.pid }) === "S");
  const failing = (stopped: readonly ProcessRef[]) => {
    if (stopped.length > 0) throw new Error("disk full");
  };
  await expect(holdTerminal(heldBy(shell), failing, nothing)).rejects.toThrow("disk full");
  expect(stateOf({ pid: shell.pty.pid })).toBe("S");
  closeSync(shell.fd);
});

test("a process in another session that has the terminal open is stopped, and a later one too", async () => {
  const shell = await userShell();
  shell.pty.write("setsid -f sleep 70003\r");
  const reader = await sleeper(70_003);
  const hold = await holdTerminal(heldBy(shell), nothing, nothing);
  expect(stateOf(reader)).toBe("T");
  // Started by root with the terminal, since nothing in it runs.
  const stdio = [shell.fd, "ignore", "ignore"] as const;
  // In the background, so that it is no child of this process.
  spawn("/usr/bin/setpriv", ["--reuid=64321", "setsid", "-f", "sleep", "70004"], {
    stdio: [...stdio],
  });
  const newcomer = await sleeper(70_004);
  await until(async () => {
    expect(await hold.renew(true)).toBeUndefined();
    return stateOf(newcomer) === "T";
  });
  hold.release();
  await until(() => stateOf(reader) === "S" && stateOf(newcomer) === "S");
  closeSync(shell.fd);
});

test("a background job that puts itself in front is stopped", async () => {
  const shell = await userShell();
  const source = [
    "import os, signal, time",
    "signal.signal(signal.SIGTTOU, signal.SIG_IGN)",
    "signal.signal(signal.SIGUSR1, lambda *_: os.tcsetpgrp(0, os.getpgrp()))",
    "print('job-%d' % (6 * 7), flush=True)",
    "while True: time.sleep(1)",
  ].join("\n");
  shell.pty.write(`/usr/bin/python3 -c "$(echo ${Buffer.from(source).toString("base64")} | base64 -d)" &\r`);
  await until(() => shell.output().includes("job-42"));
  const job = await until(() =>
    [...allProcesses().values()].find(
      ({ parent, name }) => parent === shell.pty.pid && name.startsWith("python"),
    ),
  );
  const hold = await holdTerminal(heldBy(shell), nothing, nothing);
  expect(stateOf(job)).toBe("S");
  process.kill(job.pid, "SIGUSR1");
  await until(async () => {
    await hold.renew(true);
    return stateOf(job) === "T";
  });
  hold.release();
  closeSync(shell.fd);
});

test("what somebody lets continue is stopped again, and meanwhile nothing is asked", async () => {
  const shell = await userShell();
  const hold = await holdTerminal(heldBy(shell), nothing, nothing);
  process.kill(shell.pty.pid, "SIGCONT");
  await until(() => stateOf({ pid: shell.pty.pid }) === "S");
  expect(await hold.renew(true)).toMatch(/lets continue/);
  expect(stateOf({ pid: shell.pty.pid })).toBe("T");
  expect(await hold.renew(true)).toBeUndefined();
  hold.release();
  closeSync(shell.fd);
});

test("a process that also has another login's terminal open is not stopped, and nothing else is", async () => {
  const shell = await userShell();
  // The terminal of somebody else: its session is not below this process.
  const other = spawn("/usr/bin/setsid", ["-f", "script", "-qc", "tty; sleep 70005", "/dev/null"]);
  let said = "";
  other.stdout?.on("data", (data) => {
    said += data;
  });
  const path = await until(() => /\/dev\/pts\/\d+/.exec(said)?.[0]);
  await sleeper(70_005);
  const open = `exec sleep 70006 3<>${path} 4<>${shell.terminal().path}`;
  spawn("/usr/bin/setsid", ["-f", "sh", "-c", open], { stdio: "ignore" });
  const outsider = await sleeper(70_006);
  await expect(holdTerminal(heldBy(shell), nothing, nothing)).rejects.toThrow(
    `process ${outsider.pid} (sleep) outside the login reads this terminal`,
  );
  expect(stateOf(outsider)).toBe("S");
  await pause(50);
  expect(stateOf({ pid: shell.pty.pid })).toBe("S");
  closeSync(shell.fd);
});

test("a service that root started from the terminal goes on, as does what only writes there", async () => {
  const shell = await userShell();
  const stdio = [shell.fd, shell.fd, shell.fd];
  spawn("/usr/bin/setsid", ["-f", "sleep", "70007"], { stdio });
  const open = `exec setpriv --reuid=64321 sleep 70008 4>${shell.terminal().path}`;
  spawn("/usr/bin/setsid", ["-f", "sh", "-c", open], { stdio: "ignore" });
  const [started, writing] = [await sleeper(70_007), await sleeper(70_008)];
  const hold = await holdTerminal(heldBy(shell), nothing, nothing);
  expect([started, writing].map(stateOf)).toEqual(["S", "S"]);
  hold.release();
  closeSync(shell.fd);
});

test("a service of the host that was sent the terminal goes on, and so does the shell", async () => {
  const shell = await userShell();
  const open = `exec setpriv --reuid=64322 --clear-groups sleep 70009 7<>${shell.terminal().path}`;
  spawn("/usr/bin/setsid", ["-f", "sh", "-c", open], { stdio: "ignore" });
  const service = await sleeper(70_009);
  await expect(
    holdTerminal(
      heldBy(shell),
      () => undefined,
      () => undefined,
    ),
  ).rejects.toThrow(`process ${service.pid}`);
  expect(stateOf(service)).toBe("S");
  await until(() => stateOf({ pid: shell.pty.pid }) === "S");
  closeSync(shell.fd);
});

test("what cannot be stopped is not locked: its tracer lets no SIGSTOP through", async () => {
  const shell = await userShell();
  const tracer = `import ctypes, os, sys
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
target = ${shell.pty.pid}
ptrace(16, target, None, None)
while os.WIFSTOPPED(os.waitpid(target, 0)[1]):
  ptrace(7, target, None, None)
  print("traced", flush=True)`;
  const child = spawn("/usr/bin/python3", ["-c", tracer], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  await expect(
    holdTerminal(
      heldBy(shell),
      () => undefined,
      () => undefined,
    ),
  ).rejects.toThrow(/\(bash\) cannot be stopped/);
  child.kill("SIGKILL");
  closeSync(shell.fd);
});

test("a program whose first thread has ended is stopped again like others", async () => {
  const shell = await userShell();
  const source = `import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
print("thread-%d" % (6 * 7), flush=True)
ctypes.CDLL(None).pthread_exit(None)`;
  shell.pty.write(`/usr/bin/python3 -c "$(echo ${Buffer.from(source).toString("base64")} | base64 -d)"\r`);
  await until(() => shell.output().includes("thread-42"));
  const program = await until(() =>
    [...allProcesses().values()].find(({ parent, state }) => parent === shell.pty.pid && state === "Z"),
  );
  const hold = await holdTerminal(
    heldBy(shell),
    () => undefined,
    () => undefined,
  );
  expect(threadStatesOf(program.pid)).toContain("T");
  process.kill(program.pid, "SIGCONT");
  await until(() => threadStatesOf(program.pid).includes("S"));
  expect(await hold.renew(true)).toMatch(/lets continue/);
  expect(threadStatesOf(program.pid)).not.toContain("S");
  hold.release();
  process.kill(program.pid, "SIGKILL");
  closeSync(shell.fd);
});
