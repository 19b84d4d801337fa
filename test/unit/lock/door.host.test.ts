// The socket with which a locked terminal is unlocked: who may, and what others can do to it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterEach, expect, test, vi } from "vitest";
import { doorOf, knock, openDoor, type Unlocker } from "../../../src/lock/door.ts";
import { keepDoor } from "../../../src/lock/keep-door.ts";
import { loginAbove } from "../../../src/lock/newer-login.ts";
import { CLOCK_BOOTTIME, clockMs } from "../../../src/system/libc.ts";
import { describeAsRoot } from "../../support/root.ts";

/** `nobody` of every Debian. */
const NOBODY = 65534;
const STRANGER = 65533;
const NUMBER = 3;

const CLIENT = `
import socket, sys
door = socket.socket(socket.AF_UNIX)
door.settimeout(20)
try:
    door.connect(sys.argv[1])
    door.sendall((sys.argv[2] + "\\n").encode())
    print(door.makefile().read().strip() or "nothing", flush=True)
except OSError as error:
    print(type(error).__name__, flush=True)
`;
/** A program of root's with the name of an sshd; what it runs is its user's. */
const PRIVILEGED = `
exec 3<&0
$BECOME bash --norc -c 'exec -a "sshd: nobody@pts/9" "$0" "$1"' "$D/sshd" "$D/child" <&3 3<&- &
wait`;
const CHILD = `while read -r line; do sh -c "$line"; done`;

const BECOME = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A directory that only root can write to, up to the root directory. */
function directoryOfRoot(): string {
  const directory = mkdtempSync("/run/afkill-door-");
  cleanups.push(() => rmSync(directory, { recursive: true }));
  chmodSync(directory, 0o755);
  writeFileSync(`${directory}/client`, CLIENT);
  writeFileSync(`${directory}/privileged`, PRIVILEGED);
  writeFileSync(`${directory}/child`, CHILD);
  copyFileSync("/usr/bin/dash", `${directory}/sshd`);
  chmodSync(`${directory}/sshd`, 0o755);
  return directory;
}

async function opened(directory: string, sinceMs = 0) {
  const onUnlock = vi.fn<(who: Unlocker) => void>();
  const door = await openDoor({ number: NUMBER, uid: NOBODY, sinceMs }, onUnlock, directory);
  cleanups.push(() => door[Symbol.dispose]());
  return { door, onUnlock, path: doorOf(NUMBER, directory) };
}

/** Runs something and gives the lines that it prints. */
function started(
  command: readonly string[],
  directory: string,
  as: readonly string[] = [],
): { child: ChildProcess; line: () => Promise<string> } {
  const [file = "", ...args] = [...as, ...command];
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", D: directory, BECOME: as.length > 0 ? "" : BECOME.join(" ") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  cleanups.push(() => child.kill("SIGKILL"));
  const lines = createInterface(child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

/** The command line of a visitor. */
const visitor = (directory: string) =>
  ["/usr/bin/python3", `${directory}/client`, doorOf(NUMBER, directory), "unlock"] as const;

/** What the door answers a user who is in no login. */
function asUser(uid: number, directory: string): Promise<string> {
  const as = ["setpriv", `--reuid=${uid}`, "--clear-groups"];
  return started(visitor(directory), directory, as).line();
}

/** A login of nobody's; with `as`, one that only looks so. Returns a function that has something run in it and gives the line it prints. */
function loginOf(
  directory: string,
  as: readonly string[] = [],
): (command: readonly string[]) => Promise<string> {
  const exec = 'exec -a "sshd: nobody [priv]" "$0" "$1"';
  const sshd = [`${directory}/sshd`, `${directory}/privileged`];
  const { child, line } = started(["bash", "--norc", "-c", exec, ...sshd], directory, as);
  return (command) => {
    child.stdin?.write(`${command.join(" ")}\n`);
    return line();
  };
}

const nowMs = () => clockMs(CLOCK_BOOTTIME);

describeAsRoot("the door of a locked terminal", () => {
  test("that somebody removes is opened again, and leads to the same lock", async () => {
    const directory = directoryOfRoot();
    const onUnlock = vi.fn<(who: Unlocker) => void>();
    const facts = { number: NUMBER, uid: NOBODY, sinceMs: 0 };
    const door = await keepDoor(facts, onUnlock, directory);
    rmSync(doorOf(NUMBER, directory));
    await door.renew();
    await door.renew();
    expect(await knock(NUMBER, "alice", directory)).toMatchObject({ unlocked: true });
    expect(onUnlock).toHaveBeenCalledOnce();
    door[Symbol.dispose]();
    expect(existsSync(doorOf(NUMBER, directory))).toBe(false);
  });

  test("strangers who stay after the answer take no descriptor of its", async () => {
    const directory = directoryOfRoot();
    const { path } = await opened(directory);
    const source =
      "import socket, sys, time\nall = [socket.socket(socket.AF_UNIX) for _ in range(50)]\nfor it in all: it.connect(sys.argv[1]); it.recv(100)\nprint('all', flush=True)\ntime.sleep(1000)";
    const before = readdirSync("/proc/self/fd").length;
    const as = ["setpriv", `--reuid=${STRANGER}`, "--clear-groups"];
    await started(["/usr/bin/python3", "-c", source, path], directory, as).line();
    await vi.waitFor(() => expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 20));
  });

  test("opens to root, who says for whom", async () => {
    const directory = directoryOfRoot();
    const { onUnlock } = await opened(directory);
    expect(await knock(NUMBER, "alice", directory)).toEqual({ unlocked: true, answer: "unlocked" });
    expect(onUnlock.mock.calls).toEqual([[{ uid: 0, name: "alice", isAdministrator: true }]]);
    expect(await knock(NUMBER, "", directory)).toEqual({
      unlocked: false,
      answer: "no: it is not locked any more",
    });
    expect(onUnlock).toHaveBeenCalledTimes(1);
  });

  test("opens to its user in a login that began after the lock", async () => {
    const directory = directoryOfRoot();
    const { onUnlock } = await opened(directory, nowMs() - 1_000);
    expect(await loginOf(directory)(visitor(directory))).toBe("unlocked");
    expect(onUnlock.mock.calls).toEqual([[{ uid: NOBODY, name: "nobody", isAdministrator: false }]]);
  });

  test("stays shut for its user in a login that began before the lock", async () => {
    const directory = directoryOfRoot();
    const run = loginOf(directory);
    await run(["echo", "here"]);
    const { onUnlock } = await opened(directory, nowMs() + 20);
    expect(await run(visitor(directory))).toMatch(
      /^no: this login began before the lock: log in a second time/,
    );
    expect(onUnlock).not.toHaveBeenCalled();
  });

  test("stays shut for its user outside a login, and where the user has made an sshd of their own", async () => {
    const directory = directoryOfRoot();
    const { onUnlock } = await opened(directory);
    const no = "no: log in a second time, and run this there, not in tmux or screen";
    expect(await asUser(NOBODY, directory)).toBe(no);
    expect(await loginOf(directory, BECOME)(visitor(directory))).toBe(no);
    expect(onUnlock).not.toHaveBeenCalled();
  });

  test("stays shut below an sshd that somebody else can have put there", async () => {
    const directory = directoryOfRoot();
    chmodSync(`${directory}/sshd`, 0o777);
    const { onUnlock } = await opened(directory);
    expect(await loginOf(directory)(visitor(directory))).toMatch(/^no: log in a second time/);
    expect(onUnlock).not.toHaveBeenCalled();
  });

  test("tells whose terminal it is, and sends others away", async () => {
    const directory = directoryOfRoot();
    const { path, onUnlock } = await opened(directory);
    const { mode, uid } = lstatSync(path);
    expect([mode & 0o777, uid]).toEqual([0o666, 0]);
    expect(await asUser(STRANGER, directory)).toBe("no: only its user and root can unlock it");
    expect(onUnlock).not.toHaveBeenCalled();
  });

  test.each([
    ["of its user", NOBODY],
    ["of others", STRANGER],
  ])("cannot be blocked by visitors %s that say nothing, too much or something else", async (_, uid) => {
    const directory = directoryOfRoot();
    const { path, onUnlock } = await opened(directory);
    const crowd = `
import os, socket, sys
os.setuid(${uid})
doors = [socket.socket(socket.AF_UNIX) for _ in range(100)]
for at, door in enumerate(doors):
    try:
        door.connect(sys.argv[1])
        door.sendall([b"", b"x" * 5000, b"\\x00\\x00\\x01\\x0b", b"unlock\\nunlock\\n", b"unlock"][at % 5])
    except OSError: pass
print("here", flush=True)
input()`;
    const { line } = started(["/usr/bin/python3", "-c", crowd, path], directory);
    await line();
    expect(await asUser(NOBODY, directory)).toMatch(/^no: log in a second time/);
    expect(onUnlock).not.toHaveBeenCalled();
    expect(await knock(NUMBER, "", directory)).toEqual({ unlocked: true, answer: "unlocked" });
  });

  test("does not open to a program of root's that a user makes connect", async () => {
    const directory = directoryOfRoot();
    const { path, onUnlock } = await opened(directory);
    // As ssh-add does with SSH_AUTH_SOCK.
    const socket: Socket = createConnection(path, () =>
      socket.write(Buffer.alloc(200, "\u0000\u0000\u0001\u000b")),
    );
    socket.on("error", () => undefined).resume();
    await once(socket, "close");
    expect(onUnlock).not.toHaveBeenCalled();
    // Nor with the name of nobody who could ask.
    expect(await knock(NUMBER, "two words", directory)).toMatchObject({ unlocked: false });
    expect(onUnlock).not.toHaveBeenCalled();
  });

  test("survives a locker that cannot unlock, and takes the place of one that was killed", async () => {
    const directory = directoryOfRoot();
    writeFileSync(doorOf(NUMBER, directory), "left behind");
    const fault = () => {
      throw new Error("broken");
    };
    const door = await openDoor({ number: NUMBER, uid: NOBODY, sinceMs: 0 }, fault, directory);
    expect(await knock(NUMBER, "", directory)).toMatchObject({ unlocked: true });
    expect(await knock(NUMBER, "", directory)).toMatchObject({ unlocked: false });
    door[Symbol.dispose]();
    expect(await knock(NUMBER, "", directory)).toEqual({ unlocked: false, answer: "no: it is not locked" });
  });

  test("a process that is gone is in no login", async () => {
    const { child, line } = started(["echo", "here"], "/");
    const ended = once(child, "exit");
    await line();
    await ended;
    expect(loginAbove(child.pid ?? 0)).toBeUndefined();
  });
});
