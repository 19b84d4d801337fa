// Terminals to lock: a user's shell on a pty that this process serves, as their sshd would.
import { spawn as spawnProcess } from "node:child_process";
import { once } from "node:events";
import { fchmodSync, fchownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IPty, spawn } from "node-pty";
import { afterEach } from "vitest";
import type { LockOrder } from "../../src/lock/order.ts";
import type { Login } from "../../src/login/login.ts";
import { allProcesses, commandLineOf, isAlive, type ProcessStat } from "../../src/login/process.ts";
import { openTerminal, type Terminal, terminalsOf } from "../../src/login/terminal.ts";
import { killTree, server, until } from "./real-terminals.ts";

/** Some user, without a name. */
export const UID = 64_321;
const TTY_GID = 5;
export const OWNER = { uid: UID, gid: TTY_GID, mode: 0o620 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

export function afterwards(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}

/** A process that sleeps so many seconds, once it is there; it is killed after the test. */
export async function sleeper(seconds: number): Promise<ProcessStat> {
  const isIt = ({ pid, name }: ProcessStat) => name === "sleep" && commandLineOf(pid)[1] === String(seconds);
  const found = await until(() => [...allProcesses().values()].find(isIt));
  afterwards(() => isAlive(found) && process.kill(found.pid, "SIGKILL"));
  return found;
}

export interface UserShell {
  readonly pty: IPty;
  readonly login: Login;
  readonly terminal: () => Terminal;
  /** The terminal, open. */
  readonly fd: number;
  readonly output: () => string;
  readonly order: (more?: Partial<LockOrder>) => LockOrder;
}

/** A bash of a user at its prompt, on a terminal that belongs to them. */
export async function userShell(): Promise<UserShell> {
  const ids = [`--reuid=${UID}`, `--regid=${UID}`, "--clear-groups"];
  const env = { PATH: "/usr/bin:/bin", TERM: "xterm", PS1: "$ ", HOME: "/nonexistent", LC_ALL: "C" };
  const pty = spawn("/usr/bin/setpriv", [...ids, "/bin/bash", "--norc", "--noprofile", "-i"], {
    env,
    cwd: "/tmp",
  });
  afterwards(() => killTree(pty.pid));
  let text = "";
  pty.onData((data) => {
    text += data;
  });
  await until(() => text.includes("$ "));
  const login: Login = {
    privileged: undefined,
    child: undefined,
    server: server(),
    user: String(UID),
    uid: UID,
    client: undefined,
    startedBootMs: 0,
  };
  const terminal = () => {
    const found = terminalsOf(login).find(({ leader }) => leader?.pid === pty.pid);
    if (!found) throw new Error(`no terminal of ${pty.pid}`);
    return found;
  };
  const fd = openTerminal(terminal());
  fchownSync(fd, OWNER.uid, OWNER.gid);
  fchmodSync(fd, OWNER.mode);
  const folder = mkdtempSync(join(tmpdir(), "lock-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  const { id } = terminal();
  const order = (more: Partial<LockOrder> = {}) => newOrder(login, id, join(folder, "state"), more);
  return { pty, login, terminal, fd, output: () => text, order };
}

function newOrder(
  login: Login,
  terminal: string,
  stateDirectory: string,
  more: Partial<LockOrder>,
): LockOrder {
  return {
    login,
    terminal,
    stateDirectory,
    cause: "idle",
    by: "",
    idleMs: 900_000,
    lockMaxMs: 3_600_000,
    tries: 3,
    message: "",
    record: {
      time: "",
      action: "fault",
      cause: null,
      outcome: "",
      ended: null,
      user: login.user,
      uid: login.uid,
      client: null,
      terminals: [terminal],
      sshdPid: login.server.pid,
      rule: "",
      idleSeconds: null,
      limitSeconds: null,
      lastActivity: null,
      reason: "",
    },
    ...more,
  };
}

/** Sets the line discipline N_NULL (27), as anybody may who has the terminal open (TIOCSETD). */
export async function loseDiscipline(fd: number): Promise<void> {
  const source = "import fcntl, struct; fcntl.ioctl(0, 0x5423, struct.pack('i', 27))";
  const child = spawnProcess("/usr/bin/python3", ["-c", source], { stdio: [fd, "ignore", "inherit"] });
  await once(child, "close");
}
