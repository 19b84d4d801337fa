import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { type Work, workSince } from "../../../src/activity/busy.ts";
import { type TerminalLook, takeLook } from "../../../src/activity/look.ts";
import { NO_POLICY } from "../../../src/guard/decide.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import { observe } from "../../../src/guard/observe.ts";
import { isAlive } from "../../../src/login/process.ts";
import { mapClocks, readClocks } from "../../../src/system/clock.ts";
import { getAttributes } from "../../../src/system/libc.ts";
import { bash, killTree, onPty, pause, type Shell, server, until } from "../../support/real-terminals.ts";

vi.mock("../../../src/system/libc.ts", { spy: true });

const directory = mkdtempSync(join(tmpdir(), "afkill-look-"));
afterAll(() => rmSync(directory, { recursive: true }));

type Timed = TerminalLook & { bootMs: number };
const between = (base: Timed, now: Timed): Work | undefined =>
  workSince(base.job, now.job, { sinceBootMs: base.bootMs, windowMs: now.bootMs - base.bootMs });
const namesIn = ({ job }: TerminalLook) => Object.values(job).map(({ name }) => name);
const running = (shell: Shell, name: string) =>
  until(async () => {
    const seen = await shell.look();
    return namesIn(seen).includes(name) && seen;
  });

/** Looks now and again some time later. */
async function twice(shell: Shell, ms = 2000): Promise<[Timed, Timed]> {
  const base = await shell.look();
  await pause(ms);
  return [base, await shell.look()];
}

test("who waits for keys is raw, who works is not", async () => {
  const shell = await bash();
  expect((await shell.look()).canonical).toBe(false);
  shell.pty.write("sleep 1000\r");
  const seen = await running(shell, "sleep");
  expect(seen.canonical).toBe(true);
  expect(namesIn(seen).sort()).toEqual(["bash", "sleep"]);
  shell.pty.write("\x03");
  await until(async () => !(await shell.look()).canonical);
  shell.pty.write("top -d 0.1\r");
  await until(async () => {
    const seen = await shell.look();
    return namesIn(seen).includes("top") && !seen.canonical;
  });
});

test("a look tells the time at which it had looked, however long it had to wait before", async () => {
  const shell = await bash();
  const waits = new Int32Array(new SharedArrayBuffer(4));
  const sources = Object.assign(["input" as const], {
    includes: () => Atomics.wait(waits, 0, 0, 300) === "ok",
  });
  const before = readClocks().bootMs;
  expect((await shell.look(sources)).bootMs).toBeGreaterThanOrEqual(before + 290);
});

test("a key that came after the clocks were read counts no less", async () => {
  const shell = await bash();
  shell.pty.write(" ");
  const keyMs = readClocks().bootMs;
  await until(async () => (await shell.look()).accessedWallS * 1000 + 8000 > Date.now());
  const { bootMs, wallMs } = readClocks();
  const stale = mapClocks([], { bootMs: bootMs - 20_000, wallMs: wallMs - 20_000 });
  const login = { privileged: undefined, child: undefined, server: server(), user: "nobody", uid: 0 };
  const { subjects } = await observe({
    login: { ...login, client: undefined, startedBootMs: 0 },
    memory: BLANK,
    map: stale,
    applied: NO_POLICY,
  });
  expect(subjects[shell.terminal().id]?.input?.atMs).toBeGreaterThanOrEqual(keyMs);
});

test("behind sudo or script the innermost terminal is judged", async () => {
  const shell = await bash();
  shell.pty.write("script -qc 'exec sleep 1000' /dev/null\r");
  const seen = await running(shell, "sleep");
  expect(seen.canonical).toBe(true);
  expect(seen.unreadBytes).toHaveLength(2);
  expect(Object.values(seen.job).map(({ name, part }) => [name, part])).toEqual([
    ["sleep", "line"],
    ["script", "outer"],
  ]);
});

test("keys move the access time when they are read, the unread number when they are not", async () => {
  const shell = await bash();
  const before = await shell.look();
  expect(before.accessedWallS).toBe(Math.floor(statSync(shell.terminal().path).atimeMs / 1000));
  shell.pty.write("sleep 1000\r");
  await running(shell, "sleep");
  expect((await shell.look()).unreadBytes).toEqual([0]);
  shell.pty.write("hello\r");
  await until(async () => (await shell.look()).unreadBytes?.[0] === 6);
  shell.pty.write("\x03");
  const later = await until(async () => {
    shell.pty.write("\r");
    const seen = await shell.look();
    return seen.accessedWallS !== before.accessedWallS && seen;
  });
  expect(later.accessedWallS).toBeGreaterThan(before.accessedWallS);
  // Looking is no input and no output.
  const times = statSync(shell.terminal().path);
  for (let n = 0; n < 20; n++) await shell.look();
  expect(statSync(shell.terminal().path).atimeMs).toBe(times.atimeMs);
}, 30_000);

test("a look that is not remembered asks for no work of a shell at its prompt, and for all other", async () => {
  const shell = await bash();
  const jobs = async (isForNow: boolean) => {
    const login = { server: server(), client: undefined };
    const { terminals } = await takeLook(login, [shell.terminal()], { sources: ["busy"], isForNow });
    return terminals.flatMap(namesIn).sort();
  };
  await until(async () => !(await shell.look()).canonical);
  expect(await jobs(true)).toEqual([]);
  expect(await jobs(false)).toEqual(["bash"]);
  shell.pty.write("sleep 1000\r");
  await running(shell, "sleep");
  expect(await jobs(true)).toEqual(["bash", "sleep"]);
  shell.pty.write("\x03");
  await until(async () => !(await shell.look()).canonical);
  shell.pty.write("top\r");
  await until(async () => (await jobs(true)).join() === "bash,top");
});

test("sleeping is no work", async () => {
  const shell = await bash();
  shell.pty.write("sleep 1000\r");
  await running(shell, "sleep");
  expect(between(...(await twice(shell)))).toBeUndefined();
});

test("a loop of builtins is work of the shell itself", async () => {
  const shell = await bash();
  shell.pty.write("while :; do :; done\r");
  await until(async () => (await shell.look()).canonical);
  const [base, now] = await twice(shell, 1000);
  expect(namesIn(now)).toEqual(["bash"]);
  expect(between(base, now)?.cpuPercent).toBeGreaterThanOrEqual(2);
});

test("a loop of short commands is work in every window", async () => {
  const shell = await bash();
  shell.pty.write("while :; do /bin/true; done\r");
  await until(async () => (await shell.look()).canonical);
  let base = await shell.look();
  for (let n = 0; n < 4; n++) {
    await pause(1000);
    const now = await shell.look();
    expect(between(base, now)?.cpuPercent).toBeGreaterThan(2);
    base = now;
  }
});

test("a child that worked long ago and ends now is no work of the shell that waited for it", async () => {
  const shell = await bash();
  shell.pty.write(`sh -c 'i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; echo rea""dy; read x; :'\r`);
  await until(() => shell.output().includes("ready"));
  const base = await running(shell, "sh");
  const used = Object.values(base.job).find(({ name }) => name === "sh")?.cpuMs ?? 0;
  expect(used).toBeGreaterThan(200);
  shell.pty.write("\r");
  // It is gone first, and a moment later the shell has asked for it.
  const inherited = ({ job }: TerminalLook) => Object.values(job)[0]?.childrenCpuMs ?? 0;
  const now = await until(async () => {
    const seen = await shell.look();
    return namesIn(seen).join() === "bash" && inherited(seen) >= used && seen;
  });
  const windowMs = (used * 100) / 5;
  expect(workSince(base.job, now.job, { sinceBootMs: base.bootMs, windowMs })).toBeUndefined();
}, 60_000);

/** A program that keeps writing to whatever is its standard output, and another that copies from a server. */
const WRITER = "setInterval(() => fs.writeSync(1, 'x'.repeat(9999) + '\\r'), 100)";

test("writing to a file is work, drawing on the terminal is not", async () => {
  const shell = await bash();
  const file = join(directory, "copy");
  shell.pty.write(`'${process.execPath}' -e "${WRITER}" > '${file}'\r`);
  await until(() => statSync(file).size > 0);
  expect(between(...(await twice(shell)))?.writtenBytesPerS).toBeGreaterThan(10_000);
  shell.pty.write("\x03");
  await until(async () => !(await shell.look()).canonical);

  shell.pty.write(`'${process.execPath}' -e "${WRITER}"\r`);
  await until(() => shell.output().includes("xxx"));
  const [base, now] = await twice(shell);
  const drawn = Math.max(...Object.values(now.job).map(({ writtenBytes }) => writtenBytes));
  expect(drawn).toBeGreaterThan(10_000);
  expect(between(base, now)?.writtenBytesPerS).toBeUndefined();
}, 30_000);

test("bytes through the job's own sockets are work", async () => {
  const sockets = new Set<Socket>();
  const source = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
  const { port } = source.address() as { port: number };
  const timer = setInterval(() => {
    for (const socket of sockets) socket.write("y".repeat(10_000));
  }, 100);
  try {
    const shell = onPty(process.execPath, ["-e", `net.connect(${port}, '127.0.0.1').resume()`]);
    await until(async () => Object.values((await shell.look()).job).some((it) => Object.keys(it.sockets)[0]));
    const found = between(...(await twice(shell)));
    expect(found?.socketBytesPerS).toBeGreaterThan(10_000);
    clearInterval(timer);
    await pause(200);
    expect(between(...(await twice(shell)))?.socketBytesPerS).toBeUndefined();
  } finally {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    source.close();
  }
}, 30_000);

test("the login's own connection is found among the sockets of its sshd, and missed when it is not there", async () => {
  const accepted: Socket[] = [];
  const listener = createServer((socket) => accepted.push(socket.resume()));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const address = "127.0.0.1";
  const client = { address, port: socket.localPort ?? 0, serverAddress: address, serverPort: port };
  const lookAt = (peer: typeof client) =>
    takeLook({ server: server(), client: peer }, [], { sources: ["transfer"] });
  try {
    // The other end is this process's too: to it, that is a connection that it forwards.
    const bytes = async () => Object.values((await lookAt(client)).traffic?.forwarded ?? {});
    expect(await bytes()).toContain(0);
    socket.write("z".repeat(5000));
    await until(async () => (await bytes()).includes(5000));
    accepted[0]?.write("z".repeat(700));
    await until(async () => (await bytes()).includes(5700));
    expect((await lookAt(client)).faults).toEqual({});
    await expect(lookAt({ ...client, address: "127.0.0.2" })).rejects.toThrow("own connection");
    const gone = { server: { ...server(), startTicks: 1 }, client: { ...client, address: "127.0.0.2" } };
    expect((await takeLook(gone, [], { sources: ["transfer"] })).connection).toBeUndefined();
    const noPeer = { server: server(), client: undefined };
    expect((await takeLook(noPeer, [], { sources: ["transfer"] })).connection).toBeUndefined();
  } finally {
    socket.destroy();
    for (const it of accepted) it.destroy();
    listener.close();
  }
});

test("what runs outside the terminals is apart", async () => {
  const shell = await bash();
  shell.pty.write("sleep 1000\r");
  await running(shell, "sleep");
  const command = spawn("/bin/sh", ["-c", "sleep 1001; :"]);
  try {
    const look = await until(async () => {
      const seen = await takeLook({ server: server(), client: undefined }, [shell.terminal()], {
        sources: ["input"],
      });
      return Object.values(seen.detached).some(({ parent }) => parent === command.pid) && seen;
    });
    const pids = Object.keys(look.detached).map((key) => Number(key.split("-")[0]));
    expect(pids).toContain(command.pid);
    expect(pids).not.toContain(shell.pty.pid);
    for (const { pid } of shell.terminal().foregroundJob) expect(pids).not.toContain(pid);
    // Not asked for: not looked into.
    expect(look.terminals.map(({ job }) => job)).toEqual([{}]);
  } finally {
    await killTree(command.pid ?? 0);
  }
});

test("a terminal that goes away is left out, one that cannot be read is a fault", async () => {
  const shell = await bash();
  const terminal = shell.terminal();
  const lookAt = (it: typeof terminal) =>
    takeLook({ server: server(), client: undefined }, [it], { sources: ["input"] });
  const { master } = terminal;
  if (!master) throw new Error("a terminal without a master");
  // No master of a terminal is the first descriptor, and so that terminal is gone.
  expect((await lookAt({ ...terminal, master: { ...master, fd: 0 } })).terminals).toEqual([]);
  vi.mocked(getAttributes).mockImplementationOnce(() => {
    throw new Error("ioctl TCGETS: EIO");
  });
  const unreadable = await lookAt(terminal);
  expect(unreadable.terminals).toEqual([]);
  expect(unreadable.faults).toEqual({ [terminal.id]: "ioctl TCGETS: EIO" });
  // A user's own watchdog is advice: it ends nobody whom it cannot see.
  await expect(lookAt({ ...terminal, master: undefined, path: "/dev/null" })).rejects.toThrow("/dev/null");
  shell.pty.kill("SIGKILL");
  await until(() => !isAlive(terminal.leader));
  // Whoever holds its master closes that a moment later.
  const last = await until(async () => {
    const look = await lookAt(terminal);
    return look.terminals.length === 0 && look;
  });
  expect(last.faults).toEqual({});
});
