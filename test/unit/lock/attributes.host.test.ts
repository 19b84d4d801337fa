// The attributes of real terminals; only root may lock them.
import { spawn } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import { expect, test } from "vitest";
import { giveBack, hold, isTaken, keep, take } from "../../../src/lock/attributes.ts";
import { readStat } from "../../../src/login/process.ts";
import { unreadBytes } from "../../../src/system/libc.ts";
import { readTermios, writeTermios } from "../../../src/system/tty-lock.ts";
import { loseDiscipline, OWNER, UID, userShell } from "../../support/locks.ts";
import { pause, until } from "../../support/real-terminals.ts";

const ECHO = 0o10;
const localFlags = (fd: number) => readTermios(fd).readUInt32LE(12);

/** Whether a user may open the terminal by its name. */
async function canOpen(path: string): Promise<boolean> {
  const user = { uid: UID, gid: UID, stdio: "ignore" } as const;
  const child = spawn("/bin/sh", ["-c", 'exec 3<>"$1"', "sh", path], user);
  return new Promise((resolve) => child.on("close", (status) => resolve(status === 0)));
}

test("attributes and owner come back byte for byte, and keys that were typed meanwhile do not", async () => {
  const { fd, pty, terminal } = await userShell();
  // Everything odd that a program can set: a control character, a flag of input, the line discipline's word stays.
  const odd = readTermios(fd);
  odd[17 + 4] = 0x07;
  odd.writeUInt32LE((odd.readUInt32LE(0) | 0o4000 | 0o2000) >>> 0, 0);
  writeTermios(fd, odd);
  const kept = keep(fd);
  expect(kept).toEqual({ termios: odd.toString("hex"), owner: OWNER });
  expect(await canOpen(terminal().path)).toBe(true);

  take(fd, kept);
  expect(isTaken(fd)).toBe(true);
  expect(localFlags(fd) & ECHO).toBe(0);
  expect(await canOpen(terminal().path)).toBe(false);
  process.kill(pty.pid, "SIGSTOP");
  pty.write("typed at the lock");
  await until(() => unreadBytes(fd) > 0);

  expect(giveBack(fd, kept)).toEqual([]);
  expect(readTermios(fd).toString("hex")).toBe(odd.toString("hex"));
  expect(keep(fd).owner).toEqual(OWNER);
  expect(isTaken(fd)).toBe(false);
  expect(await canOpen(terminal().path)).toBe(true);
  expect(unreadBytes(fd)).toBe(0);
  closeSync(fd);
});

test("nobody switches echo on while a terminal is taken; what root changes is set again", async () => {
  const { fd } = await userShell();
  const kept = keep(fd);
  take(fd, kept);
  writeTermios(fd, Buffer.from(kept.termios, "hex"));
  expect(localFlags(fd) & ECHO).toBe(0);
  expect(hold(fd, kept)).toBe(false);
  const { chown } = await import("node:fs/promises");
  await chown(`/proc/self/fd/${fd}`, UID, 5);
  expect(hold(fd, kept)).toBe(true);
  expect(fstatSync(fd).uid).toBe(0);
  giveBack(fd, kept);
  closeSync(fd);
});

test("a half-typed line is read after the lock, and can be edited; half a password is not kept", async () => {
  const { fd, pty, output } = await userShell();
  const front = () => readStat(pty.pid)?.foregroundGroup ?? 0;
  pty.write("cat; stty -echo; cat; stty echo\r");
  await until(() => front() !== pty.pid);
  pty.write("half-\u00e9");
  await until(() => output().endsWith("half-\u00e9"));
  const lock = async () => {
    for (const pid of [pty.pid, front()]) {
      process.kill(pid, "SIGSTOP");
      await until(() => readStat(pid)?.state === "T");
    }
    const kept = keep(fd);
    const halfTyped = take(fd, kept);
    return { kept, halfTyped };
  };
  const unlock = ({ kept, halfTyped }: Awaited<ReturnType<typeof lock>>) => {
    expect(giveBack(fd, kept, halfTyped)).toEqual([]);
    expect(readTermios(fd).toString("hex")).toBe(kept.termios);
    process.kill(-front(), "SIGCONT");
    process.kill(pty.pid, "SIGCONT");
  };
  const locked = await lock();
  expect(locked.halfTyped.toString()).toBe("half-\u00e9");
  pty.write("typed at the lock");
  await until(() => unreadBytes(fd) > 0);
  const beforeLength = output().length;
  unlock(locked);
  expect(locked.halfTyped.every((byte) => byte === 0)).toBe(true);
  pty.write("x\x7f\x7fe whole\r");
  await until(() => output().slice(beforeLength).includes("half-e whole\r\n"));
  expect(output().slice(beforeLength)).not.toContain("at the lock");
  // Nothing of the line was shown twice.
  expect(output().slice(beforeLength).split("half-")).toHaveLength(2);
  pty.write("\x04");
  await until(() => (localFlags(fd) & ECHO) === 0 && front() !== pty.pid);
  pty.write("secret");
  // The kernel tells nobody of a line that is not finished.
  await pause(200);
  const second = await lock();
  expect(second.halfTyped).toHaveLength(0);
  unlock(second);
  closeSync(fd);
});

test("a terminal whose line discipline somebody took away gets it back", async () => {
  const { fd } = await userShell();
  const kept = keep(fd);
  take(fd, kept);
  await loseDiscipline(fd);
  expect(() => readTermios(fd)).toThrow("TCGETS");
  expect(hold(fd, kept)).toBe(true);
  expect(localFlags(fd) & ECHO).toBe(0);
  await loseDiscipline(fd);
  expect(giveBack(fd, kept)).toEqual([]);
  expect(keep(fd)).toEqual(kept);
  closeSync(fd);
});
