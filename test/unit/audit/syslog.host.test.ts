// A real system log (busybox syslogd) with a /dev/log of its own, in a mount namespace: these run as root.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SHOW, SHOWN, SHOWN_NODE } from "../../support/shown.ts";

vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
const source = `${SHOWN}/src/audit`;
let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "afkill-syslog-"));
});

afterEach(() => rmSync(base, { recursive: true }));

// A socket that syslogd makes at /dev/log would be the machine's: here /dev is one directory of the test's, with what Node needs in it.
const scene = `
mkdir "$BASE/dev" "$BASE/var"
for node in null urandom random zero; do touch "$BASE/dev/$node"; mount --bind "/dev/$node" "$BASE/dev/$node"; done
mount --rbind "$BASE/dev" /dev
mount --bind "$BASE/var" /var/log
`;
const syslogd = `
busybox syslogd -n -O "$BASE/messages" & log=$!
until [ -S /dev/log ]; do sleep 0.02; done
`;

const record = {
  time: "2026-01-02T03:04:05.678Z",
  action: "end",
  outcome: "ended",
  user: 'eve" uid=0\nOct 10 00:00:00 host auth.notice afkill[1]: action=end user=root',
  uid: 1000,
  client: null,
  terminals: ["pts/3"],
  sshdPid: 11,
  rule: "top level",
  idleSeconds: 901,
  limitSeconds: 900,
  lastActivity: "input",
  reason: "idle",
};

/** Runs TypeScript with `log`, `record` and `r` in scope, after shell commands that set the scene; returns what it printed and the lines of the log. */
async function inScene(code: string, shell: string, after = "") {
  const script = `import { log } from ${JSON.stringify(`${source}/syslog.ts`)};
    import { record } from ${JSON.stringify(`${source}/record.ts`)};
    const r = ${JSON.stringify(record)};
    ${code}
    console.log("pid", process.pid);`;
  const { stdout } = await run(
    "unshare",
    [
      "--mount",
      "sh",
      "-euc",
      `${SHOW}${scene}${shell}\n$AS "$0" --no-warnings --input-type=module --eval "$1"\n${after}`,
      SHOWN_NODE,
      script,
    ],
    { cwd: "/", env: { BASE: base, PATH: process.env.PATH ?? "", AS: "", LD_PRELOAD: "" } },
  );
  return stdout;
}

/** The lines that the process wrote, without date, host, tag and pid. */
function linesOf(stdout: string): string[] {
  const pid = /^pid (\d+)$/m.exec(stdout)?.[1];
  return readFileSync(join(base, "messages"), "utf8")
    .split("\n")
    .filter((line) => line.includes(`afkill[${pid}]: `))
    .map((line) => line.slice(line.indexOf(" auth.") + 1).replace(`afkill[${pid}]: `, ""));
}

const settle = `kill $log; wait $log || :`;

test("a line arrives with its facility, priority, tag and pid", async () => {
  const said = await inScene(`await log("warning", "--help me");`, syslogd, settle);
  expect(linesOf(said)).toEqual(["auth.warn --help me"]);
});

test("free text stays one line, whatever is in it", async () => {
  const said = await inScene(`await log("info", "a\\nb\\x1b[2J\\0c");`, syslogd, settle);
  expect(linesOf(said)).toEqual(["auth.info a\\x0ab\\x1b[2J\\x00c"]);
});

test("a record is one line in the log and one in the file, and a name cannot forge another", async () => {
  const said = await inScene(
    "await record(r);",
    syslogd,
    `cp /var/log/afkill/audit.jsonl "$BASE/audit"; ${settle}`,
  );
  const lines = readFileSync(join(base, "messages"), "utf8").split("\n");
  expect(lines.filter((line) => line.includes("user=root"))).toHaveLength(1);
  expect(linesOf(said)[0]).toMatch(/^auth\.notice action=end user="eve\\" uid=0\\x0aOct 10/);
  expect(JSON.parse(readFileSync(join(base, "audit"), "utf8"))).toEqual(record);
});

test("a file that cannot be written is told in the log, which has the record as well", async () => {
  const full = `mount -t tmpfs -o size=4k none /var/log; mkdir /var/log/afkill; head -c 4096 /dev/zero >/var/log/fill`;
  const said = await inScene("await record(r);", `${syslogd}${full}`, settle);
  const lines = linesOf(said).toSorted();
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^auth\.err audit file not written: .*(ENOSPC|bytes written)/);
  expect(lines[1]).toMatch(/^auth\.notice action=end /);
});

test("somebody else than root writes to the log only", async () => {
  const as = "AS='setpriv --reuid=65534 --regid=65534 --clear-groups'";
  const code = `await record(r);`;
  const said = await inScene(code, `chmod 777 /var/log; ${syslogd}${as}`, `ls /var/log; ${settle}`);
  expect(said).not.toContain("afkill");
  const log = readFileSync(join(base, "messages"), "utf8");
  expect(log.match(/action=end user="eve/g)).toHaveLength(1);
});

test("a host without a system log is no error", async () => {
  const none = await inScene(
    `await log("info", "x"); await record(r);`,
    "",
    "cat /var/log/afkill/audit.jsonl",
  );
  expect(JSON.parse(none.split("\n")[1] ?? "")).toEqual(record);
});

test("no program is started for a line", async () => {
  const hide = `touch "$BASE/empty"; mount --bind "$BASE/empty" /usr/bin/logger`;
  const said = await inScene(`await log("info", "x");`, syslogd + hide, settle);
  expect(linesOf(said)).toEqual(["auth.info x"]);
});

/** A socket at /dev/log that python makes; `then` is run with it as `log`. */
const pythonLog = (kind: string, then: string) => `python3 -c '
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_${kind})
log.bind("/dev/log")
${then}
' & log=$!
until [ -S /dev/log ]; do sleep 0.02; done
sleep 0.1
`;

test("a log that is a stream gets the line too, with its end", async () => {
  const reader = pythonLog(
    "STREAM",
    `log.listen(1)
taken, _ = log.accept()
open("${base}/taken", "wb").write(taken.makefile("rb").read())`,
  );
  const said = await inScene(`await log("crit", "x y");`, reader, "wait $log");
  const pid = /^pid (\d+)$/m.exec(said)?.[1];
  const taken = readFileSync(join(base, "taken"), "latin1");
  expect(taken).toMatch(/^<34>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d afkill\[\d+\]: x y\0$/);
  expect(taken).toContain(`afkill[${pid}]`);
});

test.each(["DGRAM", "STREAM"])("a log that takes nothing more (%s) is given up", async (kind) => {
  const stuck = pythonLog(
    kind,
    `${kind === "STREAM" ? "log.listen(0)\n" : ""}full = socket.socket(socket.AF_UNIX, socket.SOCK_${kind})
full.setblocking(False)
import time
try:
  for n in range(100000):
    if "${kind}" == "STREAM": full = [full, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)]; full[1].setblocking(False); full[1].connect("/dev/log")
    else: full.sendto(b"x", "/dev/log")
except BlockingIOError: pass
open("${base}/full", "w")
time.sleep(60)`,
  );
  const said = await inScene(
    `const began = performance.now(); await log("info", "x"); console.log("took", performance.now() - began);`,
    `${stuck}until [ -e "$BASE/full" ]; do sleep 0.02; done`,
    "kill $log",
  );
  const tookMs = Number(/took ([\d.]+)/.exec(said)?.[1]);
  expect(tookMs).toBeGreaterThan(4_900);
  expect(tookMs).toBeLessThan(15_000);
});
