// Programs in front that are asked to let go of a terminal, as a wrap is: those that do go on, and those that only seem to are stopped.
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { keep, takeAlone } from "../../../src/lock/attributes.ts";
import { holdTerminal } from "../../../src/lock/hold.ts";
import { isIdleRing } from "../../../src/lock/let-go.ts";
import { allProcesses, commandLineOf, readStat } from "../../../src/login/process.ts";
import { afterwards, userShell } from "../../support/locks.ts";
import { pause, until } from "../../support/real-terminals.ts";

vi.mock(import("../../../src/login/watchdogs.ts"), async (original) => ({
  ...(await original()),
  isWrap: (pid: number) => commandLineOf(pid).includes("as-a-wrap"),
}));

const BASE = `
import ctypes, os, signal, socket, sys, threading, time
libc = ctypes.CDLL(None)
terminal = os.dup(0)
def note(text):
    with open(sys.argv[1], "a") as file: file.write(text + "\\n")
def close(*_):
    for fd in (0, 1, 2, terminal): os.close(fd)
signal.signal(signal.SIGWINCH, close)
`;
const WAIT = `
note("ready")
while True: time.sleep(0.05)
`;
const READ = `
def read():
    try: note("got %d" % len(os.read(terminal, 100)))
    except OSError as error: note("refused %d" % error.errno)
threading.Thread(target=read, daemon=True).start()
time.sleep(0.2)
`;
const AGAIN = `
def again(*_):
    for path in ("/dev/tty", "/proc/%d/fd/0" % os.getppid()):
        try: note("opened %d" % os.open(path, os.O_RDWR | os.O_NOCTTY))
        except OSError as error: note("refused %d" % error.errno)
signal.signal(signal.SIGUSR1, again)
`;
const GET = `
def get(*_): note("has %d" % libc.syscall(438, os.pidfd_open(os.getppid()), 0, 0))
signal.signal(signal.SIGUSR1, get)
`;

const HIDDEN: readonly (readonly [where: string, code: string])[] = [
  ["a descriptor of another number", "os.dup2(0, 77)"],
  [
    "the descriptors of a thread",
    "threading.Thread(target=lambda: (libc.unshare(0x400), time.sleep(1000)), daemon=True).start(); time.sleep(0.2)",
  ],
  [
    "an io_uring",
    "ring = libc.syscall(425, 8, ctypes.create_string_buffer(120)); libc.syscall(427, ring, 2, (ctypes.c_int * 1)(0), 1)",
  ],
  ["a message that nobody has taken", "one, other = socket.socketpair(); socket.send_fds(one, [b'x'], [0])"],
  ["one of very many", "[os.dup2(os.open('/dev/null', 0), 100 + i) for i in range(300)]"],
];

/** Runs a program in front of a user's shell, and holds the terminal. */
async function held(code: string) {
  const directory = mkdtempSync(join(tmpdir(), "let-go-"));
  afterwards(() => rmSync(directory, { recursive: true }));
  const [script, notes] = [join(directory, "it.py"), join(directory, "notes")];
  writeFileSync(script, `${BASE}${code}${WAIT}`);
  writeFileSync(notes, "");
  const { chmodSync } = await import("node:fs");
  chmodSync(directory, 0o755);
  chmodSync(notes, 0o666);
  const shell = await userShell();
  shell.pty.write(`/usr/bin/python3 ${script} ${notes} as-a-wrap\r`);
  const noted = () => readFileSync(notes, "utf8");
  await until(() => noted().includes("ready"));
  const program = await until(() =>
    [...allProcesses().values()].find(
      ({ pid, parent }) => parent === shell.pty.pid && commandLineOf(pid).includes("as-a-wrap"),
    ),
  );
  const before = keep(shell.fd);
  const terminal = { login: shell.login, terminal: shell.terminal(), fd: shell.fd };
  const hold = await holdTerminal(
    terminal,
    () => undefined,
    () => takeAlone(shell.fd, before),
  );
  afterwards(() => {
    hold.release();
    closeSync(shell.fd);
  });
  const stateOf = (pid: number) => readStat(pid)?.state;
  return {
    shell,
    hold,
    noted,
    program,
    state: () => stateOf(program.pid),
    leader: () => stateOf(shell.pty.pid),
  };
}

test("a program that lets go goes on, its shell does not, and it cannot open the terminal again", async () => {
  const { hold, noted, program, state, leader, shell } = await held(AGAIN);
  expect([state(), leader()]).toEqual(["S", "T"]);
  process.kill(program.pid, "SIGUSR1");
  await until(() => noted().match(/refused/g)?.length === 2);
  expect(await hold.renew(true)).toBeUndefined();
  expect(state()).toBe("S");
  expect(shell.output()).not.toContain("Stopped");
});

test("a program that was reading when it let go gets no key", async () => {
  const { shell, noted, state } = await held(READ);
  shell.pty.write("secret\r");
  await until(() => noted().includes("refused 9"));
  await pause(200);
  expect(noted()).not.toContain("got");
  expect(state()).toBe("S");
});

test.each(HIDDEN)(
  "a program that keeps the terminal in %s is stopped",
  { timeout: 90_000 },
  async (_, code) => {
    const { state, noted } = await held(`${code}\n`);
    expect(noted()).toContain("ready");
    expect(state()).toBe("T");
  },
);

test("a program that gets the terminal back is stopped, and nothing is asked", async () => {
  const { hold, noted, program, state } = await held(GET);
  expect(state()).toBe("S");
  process.kill(program.pid, "SIGUSR1");
  await until(() => /has \d/.test(noted()));
  expect(await hold.renew(false)).toMatch(/got this terminal back/);
  expect(state()).toBe("T");
  expect(await hold.renew(false)).toBeUndefined();
});

const RING = "CachedSqHead:\t2\nCachedCqTail:\t2\nUserFiles:\t0\nPollList:\nCqOverflowList:\n";

test.each([
  ["that rests", RING, true],
  ["with a file", RING.replace("UserFiles:\t0", "UserFiles:\t1"), false],
  ["with a request that waits", RING.replace("PollList:\n", "PollList:\n  op=22, task_works=0\n"), false],
  ["with a request under way", RING.replace("SqHead:\t2", "SqHead:\t3"), false],
  ["of which the kernel says nothing", "pos:\t0\n", false],
])("an io_uring %s", (_, facts, isIdle) => expect(isIdleRing(facts)).toBe(isIdle));
