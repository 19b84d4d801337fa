// Real programs on real terminals: what of them is work, and what only looks like it.

import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { describeWork, withNewcomers, workSince } from "../../../src/activity/busy.ts";
import { holdingsOf } from "../../../src/activity/held.ts";
import { storageWaitOf, threadWaitsOf } from "../../../src/activity/waits.ts";
import { bash, onPty, pause, type Shell, until } from "../../support/real-terminals.ts";

const directory = mkdtempSync(join(tmpdir(), "afkill-work-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** The work between two looks of a second and a half; the first counts only what was there at one before it. */
async function workOf(shell: Shell): Promise<string | undefined> {
  const earlier = await shell.look();
  await pause(300);
  const base = await shell.look();
  await pause(1500);
  const now = await shell.look();
  const known = withNewcomers(earlier.job, base.job, earlier.bootMs);
  const span = { sinceBootMs: base.bootMs, windowMs: now.bootMs - base.bootMs };
  const work = workSince({ ...known, ...base.job }, now.job, span);
  return work && describeWork(work);
}

/** A program that says when it is ready, and whether keys reach it at once. */
function node(program: string): Shell {
  return onPty(process.execPath, ["-e", `${program}; console.log("rea" + "dy")`]);
}
const ready = (shell: Shell) => until(() => shell.output().includes("ready"));

const big = join(directory, "big");
writeFileSync(big, "");
truncateSync(big, 1 << 30);
const READS = `const fd = fs.openSync("${big}"); setInterval(() => fs.readSync(fd, Buffer.alloc(20000)), 50)`;
const WRITES = `const out = fs.openSync("${join(directory, "copy")}", "w"); setInterval(() => fs.writeSync(out, Buffer.alloc(20000)), 50)`;
const COMPUTES = "for (;;);";
const RAW = "process.stdin.setRawMode(true).resume()";
/** Runs a program below, with pipes for its input and output, or on the terminal. */
const starts = (program: string, stdio: string) =>
  `child_process.spawn(process.execPath, ["-e", ${JSON.stringify(program)}], { stdio: "${stdio}" })`;

describe("in line mode", () => {
  test("reading a file slowly is work", async () => {
    const shell = node(READS);
    await ready(shell);
    expect(await workOf(shell)).toMatch(/reads \d+ kB\/s$/);
  });

  test("going from one directory to the next is work", async () => {
    const many = Array.from({ length: 50 }, (_, n) => join(directory, `many${n}`));
    for (const it of many) mkdirSync(it);
    const shell = node(
      `let n = 0, d; setInterval(() => { d?.closeSync(); d = fs.opendirSync("${directory}/many" + n++ % 50) }, 100)`,
    );
    await ready(shell);
    expect(await workOf(shell)).toMatch(/scans files$/);
  });

  test("following a log is no work, nor in a pipeline", async () => {
    const log = join(directory, "log");
    writeFileSync(log, "x\n".repeat(200_000));
    const grows = setInterval(() => appendFileSync(log, "a line of an access log 99 GET\n".repeat(400)), 20);
    try {
      for (const command of [
        `tail -f ${log}`,
        `tail -F ${log} | grep --line-buffered '99 GET' | cat >/dev/null`,
      ]) {
        const shell = await bash();
        shell.pty.write(`${command}\r`);
        await until(async () => Object.values((await shell.look()).job).some(({ name }) => name === "tail"));
        await pause(500);
        expect(await workOf(shell)).toBeUndefined();
        shell.pty.kill("SIGKILL");
      }
    } finally {
      clearInterval(grows);
    }
  }, 60_000);

  test("writing to a unix socket, or by UDP, is work", async () => {
    const path = join(directory, "socket");
    const listener = createServer((socket) => socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => listener.listen(path, resolve));
    try {
      const unix = node(
        `const s = net.connect("${path}"); setInterval(() => s.write(Buffer.alloc(20000)), 50)`,
      );
      await ready(unix);
      expect(await workOf(unix)).toMatch(/writes \d+ kB\/s$/);
      const udp = await bash();
      udp.pty.write(
        "exec 3>/dev/udp/127.0.0.1/9; while read -t 0.05; [ $? -gt 128 ]; do printf %999d; done >&3\r",
      );
      await until(async () => (await udp.look()).canonical);
      expect(await workOf(udp)).toMatch(/writes \d+ kB\/s/);
    } finally {
      listener.close();
    }
  }, 60_000);
});

test("reading and writing a block device is work", async ({ skip }) => {
  const image = join(directory, "image");
  writeFileSync(image, "");
  truncateSync(image, 64 << 20);
  const device = spawnSync("losetup", ["-f", "--show", image], { encoding: "utf8" }).stdout?.trim();
  if (!device) return skip("this machine has no loop device to give");
  try {
    const writer = node(
      `const out = fs.openSync("${device}", "w"); setInterval(() => fs.writeSync(out, Buffer.alloc(20000)), 50)`,
    );
    await ready(writer);
    expect(await workOf(writer)).toMatch(/writes \d+ kB\/s/);
    const reader = node(READS.replace(big, device));
    await ready(reader);
    expect(await workOf(reader)).toMatch(/reads \d+ kB\/s/);
  } finally {
    // It goes once the last program that has it open does.
    spawnSync("losetup", ["-d", device]);
  }
}, 60_000);

describe("in a program that waits for single keys", () => {
  const raw = async (program: string) => {
    const shell = node(`${RAW}; ${program}`);
    await ready(shell);
    await until(async () => !(await shell.look()).canonical);
    return workOf(shell);
  };

  test("its copying is work, its reading too", async () => {
    expect(await raw(WRITES)).toMatch(/writes \d+ kB\/s$/);
    expect(await raw(READS)).toMatch(/reads \d+ kB\/s$/);
  }, 60_000);

  test("its own CPU is no work, nor that of what draws on the terminal", async () => {
    expect(await raw("setTimeout(() => { for (;;); }, 500)")).toBeUndefined();
    expect(await raw(starts(COMPUTES, "inherit"))).toBeUndefined();
  }, 60_000);

  test("what works for it is work, once it has stayed", async () => {
    expect(await raw(starts(COMPUTES, "pipe"))).toMatch(/CPU \d+ %$/);
    const short = `setInterval(() => child_process.spawn("sh", ["-c", "i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done"], { stdio: "pipe" }), 200)`;
    expect(await raw(short)).toBeUndefined();
  }, 60_000);

  test("a relay of its connection is no work, what fetches something for it is", async () => {
    const sockets = new Set<Socket>();
    const source = createServer((socket) => {
      sockets.add(socket.on("error", () => undefined));
    });
    await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
    const timer = setInterval(() => {
      for (const socket of sockets) socket.write("y".repeat(5000));
    }, 100);
    try {
      const { port } = source.address() as { port: number };
      const fetches = `net.connect(${port}, "127.0.0.1").resume()`;
      expect(await raw(starts(fetches, "pipe"))).toBeUndefined();
      expect(await raw(starts(fetches, "ignore"))).toMatch(/network \d+ kB\/s$/);
    } finally {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      source.close();
    }
  }, 60_000);

  test("sending a file that it has mapped is work", async () => {
    const python = `
import mmap, os, time, tty
tty.setraw(0)
with open(${JSON.stringify(big)}, "rb") as file: map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
os.write(1, b"ready")
at = 0
while True: os.write(1, map[at:at + 20000]); at += 20000; time.sleep(0.05)`;
    const shell = onPty("python3", ["-c", python]);
    await ready(shell);
    expect(await workOf(shell)).toMatch(/reads \d+ kB\/s$/);
  });

  test.each([
    "top -d 0.1",
    "less /etc/login.defs",
    "less +F /etc/login.defs",
    "watch -n 0.2 date",
    "vim -u NONE /etc/login.defs",
    "nano /etc/login.defs",
    "htop",
    "mc",
    "python3 -q",
  ])(
    "%s is idle",
    async (command) => {
      const shell = await bash();
      const before = shell.output().length;
      shell.pty.write(`${command}\r`);
      await until(() => shell.output().length > before + command.length + 3);
      const name = command.split(" ")[0] ?? "";
      await until(async () => {
        const seen = await shell.look();
        return !seen.canonical && Object.values(seen.job).some((it) => it.name.startsWith(name));
      });
      // Its start can be work.
      const isIdle = async () => (await workOf(shell)) === undefined;
      await until(async () => (await isIdle()) && (await isIdle()));
    },
    60_000,
  );
});

test("behind a program that has a terminal inside its own, both are seen: its copying, and not what it records", async () => {
  const shell = await bash();
  shell.pty.write(
    `script -qc 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; sleep 0.01; done' ${directory}/typescript\r`,
  );
  await until(() => shell.output().includes("xxx\r"));
  expect(await workOf(shell)).not.toMatch(/writes|reads|scans/);
});

describe("what a process holds", () => {
  test("is read within bounds, and not when the time is up", () => {
    const open = Array.from({ length: 300 }, () => openSync(big, "r"));
    try {
      const held = holdingsOf([process.pid]).get(process.pid);
      expect(Object.keys(held?.places ?? {})).toHaveLength(32);
      const many = holdingsOf(Array.from({ length: 100 }, () => process.pid));
      expect(many.size).toBe(1);
      expect(holdingsOf([process.pid], () => true).size).toBe(0);
      expect(holdingsOf([2 ** 22 + 1]).size).toBe(0);
    } finally {
      for (const fd of open) closeSync(fd);
    }
  });

  test("is read of the lowest descriptors only, of a process that holds very many", async () => {
    const many = Array.from({ length: 200 }, () => createServer());
    try {
      await Promise.all(many.map((it) => new Promise<void>((resolve) => it.listen(0, "127.0.0.1", resolve))));
      const sockets = holdingsOf([process.pid]).get(process.pid)?.sockets.length ?? 0;
      expect(sockets).toBeGreaterThan(20);
      expect(sockets).toBeLessThanOrEqual(32);
    } finally {
      for (const it of many) it.close();
    }
    const opened =
      'for fd in {10..149}; do eval "exec $fd</dev/null"; done; exec 200>written; exec sleep 100';
    const child = spawn("bash", ["-c", opened], { cwd: directory, stdio: "ignore" });
    onTestFinished(() => void child.kill());
    const pid = child.pid ?? 0;
    await until(() => readFileSync(`/proc/${pid}/comm`, "latin1") === "sleep\n");
    expect(holdingsOf([pid]).get(pid)).toMatchObject({ writesFile: false });
  });
});

test("a process waits for storage in state D, not asleep elsewhere; and for a CPU by thread", () => {
  const left = storageWaitOf({ pid: process.pid, state: "D" });
  expect(left).toBeGreaterThan(0);
  expect(storageWaitOf({ pid: process.pid, state: "S" })).toBeUndefined();
  expect(storageWaitOf({ pid: process.pid, state: "R" })).toBeUndefined();
  const waits = threadWaitsOf({ pid: process.pid, threads: 5 });
  expect(Object.keys(waits).length).toBeGreaterThan(4);
  expect(Object.keys(threadWaitsOf({ pid: process.pid, threads: 1 }))).toEqual([String(process.pid)]);
  expect(Object.values(waits).every((it) => it.length === 3 && it.every(Number.isFinite))).toBe(true);
});
