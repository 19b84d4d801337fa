import { closeSync, fstatSync, symlinkSync, unlinkSync } from "node:fs";
import { expect, test } from "vitest";
import type { Master } from "../../../src/login/masters.ts";
import { isAlive, readStat } from "../../../src/login/process.ts";
import { innermost, openTerminal, type Terminal, terminalsOf } from "../../../src/login/terminal.ts";
import { bash, onPty, server, until } from "../../support/real-terminals.ts";

const names = ({ foregroundJob }: Terminal) => foregroundJob.map(({ name }) => name).sort();

test("a shell at its prompt is its own foreground job, and its background jobs are not", async () => {
  const shell = await bash();
  shell.pty.write("sleep 1000 &\r");
  await until(() => /\[1\] \d+/.test(shell.output()));
  const terminal = await until(() => shell.terminal().foregroundIsLeader && shell.terminal());
  expect(terminal.leader).toMatchObject({ pid: shell.pty.pid });
  expect(terminal.foregroundGroup).toBe(shell.pty.pid);
  expect(names(terminal)).toEqual(["bash"]);
  expect(terminal.inner).toBeUndefined();
  expect(terminal.id).toBe(terminal.path.slice(5));
});

test("a foreground job is its whole group and everything below it, in sessions of its own too", async () => {
  const shell = await bash();
  shell.pty.write("sh -c 'setsid sleep 1001 & sleep 1002 & wait' | cat\r");
  const terminal = await until(
    () => names(shell.terminal()).join() === "cat,sh,sleep,sleep" && shell.terminal(),
  );
  expect(terminal.foregroundIsLeader).toBe(false);
  expect(innermost(terminal)).toBe(terminal);
});

test("a terminal that the foreground job opened is found, and the one in it", async () => {
  const shell = await bash();
  shell.pty.write(`script -qc "script -qc 'sleep 1003; :' /dev/null" /dev/null\r`);
  const terminal = await until(() => {
    const found = shell.terminal();
    return names(innermost(found)).includes("sleep") && found.inner?.inner && found;
  });
  expect(terminal.foregroundIsLeader).toBe(false);
  const deepest = innermost(terminal);
  expect(deepest).toBe(terminal.inner?.inner);
  expect(new Set([terminal.path, terminal.inner?.path, deepest.path]).size).toBe(3);
  expect(deepest.reachable).toBe(true);
  closeSync(openTerminal(deepest));
});

test("a command that opens a terminal while it leads the session itself, as `ssh -t host sudo make` does", async () => {
  const shell = onPty("/usr/bin/script", ["-qc", "exec sleep 1004", "/dev/null"]);
  // `script` starts a shell on the inner terminal, which becomes the command.
  const terminal = await until(() => {
    const now = shell.terminal();
    return names(innermost(now)).includes("sleep") && now;
  });
  expect(terminal.inner).toBeDefined();
  expect(terminal.foregroundIsLeader).toBe(true);
  expect(names(innermost(terminal))).toEqual(["sleep"]);
});

test("a terminal opened by a background job is not where the user works", async () => {
  const shell = await bash();
  shell.pty.write("script -qc 'sleep 1005' /dev/null </dev/null >/dev/null 2>&1 &\r");
  await until(() => /\[1\] \d+/.test(shell.output()));
  shell.pty.write("sleep 1006\r");
  await until(() => names(shell.terminal()).includes("sleep"));
  expect(shell.terminal().inner).toBeUndefined();
  shell.pty.write("\x03");
  const terminal = await until(() => shell.terminal().foregroundIsLeader && shell.terminal());
  expect(terminal.inner).toBeUndefined();
});

test("only the terminal that was meant is opened", async () => {
  const shell = await bash();
  const other = await bash();
  const terminal = shell.terminal();
  const fd = openTerminal(terminal);
  expect(fstatSync(fd).rdev).toBe(terminal.deviceNumber);
  closeSync(fd);

  const { path, deviceNumber, leader } = other.terminal();
  const { master } = terminal;
  if (!master) throw new Error("a terminal without a master");
  const withMaster = (other: Partial<Master>) => () =>
    openTerminal({ ...terminal, master: { ...master, ...other } });
  expect(withMaster({ number: master.number + 1 })).toThrow("is not served any more");
  expect(withMaster({ holder: { ...master.holder, startTicks: 1 } })).toThrow("is not served any more");
  expect(withMaster({ fd: 0 })).toThrow("is not served any more");

  // Without a master, as a user's own watchdog goes about it.
  const byLeader = { ...terminal, master: undefined };
  expect(() => openTerminal({ ...byLeader, path })).toThrow("not the terminal");
  // The device is there and is the right one, but somebody else's by now.
  expect(() => openTerminal({ ...byLeader, path, deviceNumber })).toThrow("not the terminal");
  expect(() =>
    openTerminal({ ...byLeader, leader: { ...terminal.leader, startTicks: leader.startTicks + 1 } }),
  ).toThrow("not the terminal");
  expect(() => openTerminal({ ...byLeader, reachable: false })).toThrow("mount namespace");
  const link = `/tmp/afkill-link-${process.pid}`;
  symlinkSync(terminal.path, link);
  try {
    expect(() => openTerminal({ ...byLeader, path: link })).toThrow("ELOOP");
  } finally {
    unlinkSync(link);
  }
});

test("a terminal goes with its shell, and a login's terminals with its sshd", async () => {
  const shell = await bash();
  const { leader } = shell.terminal();
  expect(terminalsOf({ server: { ...server(), startTicks: 1 } })).toEqual([]);
  shell.pty.kill("SIGKILL");
  await until(() => !isAlive(leader));
  await until(() => terminalsOf({ server: server() }).every((it) => it.leader?.pid !== leader.pid));
  expect(readStat(process.pid)).toBeDefined();
});
