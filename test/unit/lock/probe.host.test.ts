// Who reads a locked terminal is found, with a real shell that reads there.
import { closeSync, fstatSync } from "node:fs";
import { expect, test } from "vitest";
import { keep, take } from "../../../src/lock/attributes.ts";
import { probe } from "../../../src/lock/probe.ts";
import { readStat } from "../../../src/login/process.ts";
import { setAccessedTime, unreadBytes } from "../../../src/system/libc.ts";
import { userShell } from "../../support/locks.ts";
import { pause, until } from "../../support/real-terminals.ts";

test("a program that waits for keys takes our byte; once it stands still, all bytes come to us", async () => {
  const { fd, pty } = await userShell();
  take(fd, keep(fd));
  await until(() => probe(fd).isRead);
  process.kill(pty.pid, "SIGSTOP");
  await until(() => readStat(pty.pid)?.state === "T");
  expect(probe(fd)).toEqual({ typed: Buffer.alloc(0), isRead: false });
  pty.write("a key");
  await until(() => unreadBytes(fd) === 5);
  expect(probe(fd)).toEqual({ typed: Buffer.from("a key"), isRead: false });
  closeSync(fd);
});

test("it is no sign of the user, and a paste that fills the terminal is no sign of a reader", async () => {
  const { fd, pty } = await userShell();
  take(fd, keep(fd));
  process.kill(pty.pid, "SIGSTOP");
  await until(() => readStat(pty.pid)?.state === "T");
  setAccessedTime(fd, 1_000_000_000n);
  probe(fd);
  expect(fstatSync(fd, { bigint: true }).atimeNs).toBe(1_000_000_000n);
  pty.write("x".repeat(20_000));
  await until(() => unreadBytes(fd) >= 4_000);
  for (let read = 0; read < 20_000; await pause(1)) {
    const { typed, isRead } = probe(fd);
    read += typed.length;
    expect(isRead).toBe(false);
  }
  closeSync(fd);
});
