// A locker from the first step to the last, on a real terminal of a user. PAM and the audit are played by the test.
import { spawn } from "node:child_process";
import { closeSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { keep } from "../../../src/lock/attributes.ts";
import type { PamIo } from "../../../src/lock/conversation.ts";
import { runLocker } from "../../../src/lock/locker.ts";
import type { LockOrder } from "../../../src/lock/order.ts";
import { locksIn, recordFile } from "../../../src/lock/record.ts";
import { restoreLocks } from "../../../src/lock/restore.ts";
import { startLocker } from "../../../src/lock/start.ts";
import { isAlive, readStat } from "../../../src/login/process.ts";
import { afterwards, OWNER, sleeper, type UserShell, userShell } from "../../support/locks.ts";
import { until } from "../../support/real-terminals.ts";

const audit = vi.hoisted(() => [] as Record<string, unknown>[]);
const pam = vi.hoisted(() => ({ right: "open sesame", asked: [] as unknown[] }));
vi.mock("../../../src/audit/record.ts", () => ({
  record: async (it: Record<string, unknown>) => void audit.push(it),
}));
vi.mock("../../../src/lock/conversation.ts", () => ({
  NO_DECISION: -1,
  converse: async (subject: unknown, { ask }: PamIo) => {
    pam.asked.push(subject);
    const answer = (await ask("Password: ", false)).toString();
    return answer === pam.right ? { code: 0, text: "" } : { code: 7, text: "Authentication failure" };
  },
}));
const door = vi.hoisted(() => ({
  unlock: (_: object) => undefined as unknown,
  isOpen: false,
  opened: 0,
  path: `/run/afkill-door-${process.pid}`,
}));
vi.mock("../../../src/lock/door.ts", () => ({
  doorOf: () => door.path,
  openDoor: async (_: object, onUnlock: (who: object) => void) => {
    door.unlock = onUnlock;
    door.isOpen = true;
    door.opened++;
    return {
      [Symbol.dispose]: () => {
        door.isOpen = false;
      },
    };
  },
}));
vi.mock("../../../src/lock/usable.ts", () => ({ hasPassword: async () => undefined }));
afterEach(() => {
  audit.length = 0;
  pam.asked.length = 0;
});

const stateOf = (pid: number) => readStat(pid)?.state;
const numberOf = ({ terminal }: LockOrder) => Number(terminal.replace("pts/", ""));

/** A locker in this process, once it has locked. */
async function locked(shell: UserShell, order = shell.order()) {
  const stop = new AbortController();
  const lines: string[] = [];
  const status = runLocker(order, (line) => lines.push(line), stop.signal);
  afterwards(() => stop.abort("the test is over"));
  await until(() => lines.length > 0);
  expect(lines).toEqual(["locked"]);
  expect(stateOf(shell.pty.pid)).toBe("T");
  await until(() => shell.output().includes("Press Enter to unlock"));
  return { order, stop, status };
}

function expectGivenBack(shell: UserShell, before: ReturnType<typeof keep>, { stateDirectory }: LockOrder) {
  expect(keep(shell.fd)).toEqual(before);
  expect(readdirSync(stateDirectory)).toEqual([]);
  expect(stateOf(shell.pty.pid)).not.toBe("T");
}

async function expectWorks(shell: UserShell) {
  shell.pty.write("echo alive-$((6 * 7))\r");
  await until(() => shell.output().includes("alive-42"));
  expect(shell.output()).not.toContain("not found");
}

test("a right answer gives everything back, and no key of it reaches the shell", async () => {
  const shell = await userShell();
  const before = keep(shell.fd);
  const { order, status } = await locked(shell);
  expect(locksIn(order.stateDirectory)).toMatchObject([{ number: numberOf(order), owner: OWNER }]);
  shell.pty.write("\x03\x1a\x1c\r");
  await until(() => shell.output().includes("Password: "));
  shell.pty.write("wrong\r");
  await until(() => locksIn(order.stateDirectory)[0]?.wrongAnswers === 1);
  shell.pty.write(`${pam.right}\rls -d nowhere\r`);
  expect(await status).toBe(0);
  expectGivenBack(shell, before, order);
  expect(audit).toMatchObject([
    { action: "wrong-answer", cause: null, outcome: "1 of 3" },
    { action: "unlock", cause: "password", outcome: "given back" },
  ]);
  expect(pam.asked[0]).toEqual({ user: shell.login.user, tty: order.terminal, rhost: "" });
  expect(shell.output()).not.toContain(pam.right);
  await expectWorks(shell);
  expect(shell.output()).not.toContain("ls -d");
  closeSync(shell.fd);
});

test("a locker that is told to end gives everything back", async () => {
  const shell = await userShell();
  const before = keep(shell.fd);
  const first = await locked(shell);
  first.stop.abort("SIGTERM");
  expect(await first.status).toBe(1);
  expectGivenBack(shell, before, first.order);
  expect(audit).toMatchObject([{ action: "unlock", cause: "fault" }]);
  await expectWorks(shell);
  closeSync(shell.fd);
});

test("what goes wrong while it looks does not open a lock: nothing is asked until it works again", async () => {
  const shell = await userShell();
  const { order, status } = await locked(shell);
  // Nothing can be written where the record should be.
  rmSync(order.stateDirectory, { recursive: true });
  writeFileSync(order.stateDirectory, "");
  await until(() => shell.output().includes("No password is asked"));
  expect(stateOf(shell.pty.pid)).toBe("T");
  rmSync(order.stateDirectory);
  await until(() => existsSync(recordFile(order.stateDirectory, numberOf(order))));
  await until(() => shell.output().lastIndexOf("Press Enter") > shell.output().lastIndexOf("No password"));
  door.unlock({ uid: 0, name: "root", isAdministrator: true });
  expect(await status).toBe(0);
  closeSync(shell.fd);
});

test("nothing is asked while somebody reads whom nobody can find", async () => {
  const shell = await userShell();
  const { status } = await locked(shell);
  // A child of this process, as the lock's own helpers are: it is not looked for.
  const reader = spawn("/bin/cat", { stdio: [shell.fd, "ignore", "ignore"] });
  await until(() => shell.output().includes("a process that cannot be found"));
  reader.kill("SIGKILL");
  door.unlock({ uid: 0, name: "root", isAdministrator: true });
  expect(await status).toBe(0);
  closeSync(shell.fd);
});

test("who may unlocks a terminal by its door", async () => {
  const shell = await userShell();
  const { order, status } = await locked(shell);
  await until(() => door.isOpen);
  door.unlock({ uid: 0, name: "alice", isAdministrator: true });
  expect(await status).toBe(0);
  expect(door.isOpen).toBe(false);
  expect(readdirSync(order.stateDirectory)).toEqual([]);
  expect(audit).toMatchObject([
    { action: "unlock", cause: "administrator", reason: "unlocked by alice", outcome: "given back" },
  ]);
  await expectWorks(shell);
  closeSync(shell.fd);
});

test("a record or a door that somebody removes is there again", async () => {
  const shell = await userShell();
  const { order, stop, status } = await locked(shell);
  rmSync(order.stateDirectory, { recursive: true });
  await until(() => existsSync(recordFile(order.stateDirectory, numberOf(order))));
  const { opened } = door;
  await until(() => door.opened > opened);
  stop.abort("done");
  await status;
  closeSync(shell.fd);
});

test("a terminal that is locked is not locked again, and one that is gone ends its lock", async () => {
  const shell = await userShell();
  const { order, status } = await locked(shell);
  const lines: string[] = [];
  expect(await runLocker(order, (line) => lines.push(line), new AbortController().signal)).toBe(1);
  expect(lines).toEqual(["failed already locked"]);
  closeSync(shell.fd);
  process.kill(shell.pty.pid, "SIGKILL");
  expect(await status).toBe(0);
  expect(audit).toEqual([]);
  expect(readdirSync(order.stateDirectory)).toEqual([]);
});

test("of two lockers at the same moment one locks, and the other one takes nothing from it", async () => {
  const shell = await userShell();
  const before = keep(shell.fd);
  const order = shell.order();
  const stop = new AbortController();
  const lines: string[] = [];
  const statuses = [1, 2].map(() => runLocker(order, (line) => lines.push(line), stop.signal));
  afterwards(() => stop.abort("the test is over"));
  await until(() => lines.length === 2);
  expect(lines.sort()).toEqual(["failed already locked", "locked"]);
  expect(locksIn(order.stateDirectory)).toMatchObject([{ stopped: [{ pid: shell.pty.pid }] }]);
  expect(stateOf(shell.pty.pid)).toBe("T");
  stop.abort("done");
  await Promise.all(statuses);
  expectGivenBack(shell, before, order);
  closeSync(shell.fd);
});

test("what others write is drawn over, and a new size is drawn for", async () => {
  const shell = await userShell();
  shell.pty.write("(sleep 3; echo noise-$((6 * 7))) &\r");
  const { stop, status } = await locked(shell);
  await until(() => shell.output().includes("noise-42"));
  const drawn = () => shell.output().lastIndexOf("Press Enter to unlock");
  await until(() => drawn() > shell.output().lastIndexOf("noise-42"));
  const before = drawn();
  shell.pty.resize(60, 10);
  await until(() => drawn() > before);
  stop.abort("done");
  await status;
  closeSync(shell.fd);
});

test("after a killed locker the check gives everything back", async () => {
  const shell = await userShell();
  shell.pty.write("sleep 70011\r");
  await sleeper(70_011);
  const before = keep(shell.fd);
  const order = shell.order();
  const program = `${import.meta.dirname}/../../../src/locker.ts`;
  const command = [process.execPath, "--no-warnings", program];
  expect(await startLocker(order, { command })).toEqual({ locked: true, outcome: "locked" });
  const [record] = locksIn(order.stateDirectory);
  if (!record) throw new Error("no record");
  expect(await restoreLocks(order.login, order.stateDirectory)).toEqual([]);
  expect(stateOf(shell.pty.pid)).toBe("T");
  process.kill(record.locker.pid, "SIGKILL");
  await until(() => !isAlive(record.locker));
  writeFileSync(door.path, "");
  expect(await restoreLocks(order.login, order.stateDirectory)).toEqual([order.terminal]);
  expectGivenBack(shell, before, order);
  expect(existsSync(door.path)).toBe(false);
  await until(() => record.stopped.every(({ pid }) => stateOf(pid) === "S"));
  shell.pty.write("\x03");
  await expectWorks(shell);
  expect(shell.output()).not.toContain("Stopped");
  closeSync(shell.fd);
});

test("a later terminal with the number of a locked one keeps its attributes; what was stopped continues", async () => {
  const shell = await userShell();
  const order = shell.order();
  spawn("/bin/sleep", ["70012"], { stdio: "ignore" });
  const stopped = await sleeper(70_012);
  process.kill(stopped.pid, "SIGSTOP");
  await until(() => stateOf(stopped.pid) === "T");
  const before = keep(shell.fd);
  const { writeRecord } = await import("../../../src/lock/record.ts");
  writeRecord(order.stateDirectory, {
    number: numberOf(order),
    locker: { pid: process.pid, startTicks: 1 },
    sinceMs: 1,
    cause: "idle",
    wrongAnswers: 0,
    termios: "00".repeat(36),
    owner: { uid: 0, gid: 0, mode: 0o666 },
    stopped: [{ pid: process.ppid, startTicks: 1 }, stopped],
  });
  expect(await restoreLocks(order.login, order.stateDirectory)).toEqual([order.terminal]);
  expectGivenBack(shell, before, order);
  await until(() => stateOf(stopped.pid) === "S");
  closeSync(shell.fd);
});
