// Ends real logins without a watchdog, so that each way of ending is met on purpose.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EndingOutcome } from "../../src/ending/insist.ts";
import { type Lab, type LabProcess, type Ssh, startLab } from "../lab/lab.ts";

const BOUND_MS = 60_000;
/**
 * What a client says at the end. It says the second where sshd went with something unread: from OpenSSH 9.5 on, for some seconds after a
 * key, it sends more than was typed (ObscureKeystrokeTiming), and here the end comes right after keys.
 */
const CLOSED = /closed by remote host|Connection reset by peer/;
let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.stop());

let users = 0;
/** A new user at a prompt. */
async function login(options: string[] = ["-tt"], command?: string): Promise<{ user: string; ssh: Ssh }> {
  users += 1;
  const user = `user${users}`;
  await lab.addUser(user);
  const ssh = lab.ssh(user, options, command);
  return { user, ssh };
}

async function type(ssh: Ssh, line: string): Promise<void> {
  users += 1;
  ssh.write(`${line}\r`);
  ssh.write(`echo typed-$((${users} * 1))-end\r`);
  await ssh.waitFor(new RegExp(`^typed-${users}-end`, "m"));
}

const of = (user: string, comm: RegExp): LabProcess[] =>
  lab.processes().filter((it) => it.user === user && it.state !== "Z" && comm.test(it.comm));

function sshdsOf(user: string): { privileged: number; child: number } {
  const child = of(user, /^sshd/)[0];
  if (!child) throw new Error(`no sshd of ${user}\n${lab.report()}`);
  return { privileged: child.ppid, child: child.pid };
}

async function end(pids: readonly number[], user?: string): Promise<EndingOutcome> {
  const command = `${lab.node} --no-warnings ${lab.checkout}/test/support/end.ts ${pids.join(" ")}`;
  return JSON.parse(await lab.must(command, user === undefined ? {} : { user }));
}

test("a login ends from the child up, and what its user detached lives on", async () => {
  const { user, ssh } = await login();
  await type(ssh, "nohup sleep 1001 >/dev/null 2>&1 &");
  await type(ssh, "setsid -f sleep 1002");
  await type(ssh, "sleep 1003 &");
  const { privileged, child } = sshdsOf(user);
  const { ended, steps } = await end([privileged, child]);
  expect(ended).toBe(true);
  expect(steps).toEqual([
    expect.stringMatching(/^last line on pts\/\d+$/),
    `child sshd ${child} ended after SIGTERM`,
    `privileged sshd ${privileged} ended by itself`,
    expect.stringMatching(/^session leader \d+ of pts\/\d+ ended by itself$/),
  ]);
  await ssh.waitFor(CLOSED);
  expect(ssh.screen()).toContain("afkill: that was it");
  expect(await ssh.exit).toMatchObject({ status: 255 });
  const left = of(user, /./).map(({ cmdline }) => cmdline.join(" "));
  expect(left).toContain("sleep 1001");
  expect(left).toContain("sleep 1002");
  expect(left).not.toContain("-bash");
});

test("a child sshd that its user stopped is killed", async () => {
  const { user, ssh } = await login();
  await type(ssh, ":");
  const { privileged, child } = sshdsOf(user);
  await lab.must(`kill -STOP ${child}`);
  const { ended, steps } = await end([privileged, child]);
  expect(ended).toBe(true);
  expect(steps).toContain(`child sshd ${child} ended after SIGKILL`);
  expect(steps).toContain(`privileged sshd ${privileged} ended by itself`);
  await ssh.waitFor(CLOSED);
});

test("a login whose privileged sshd was killed is ended by its child", async () => {
  const { user, ssh } = await login();
  await type(ssh, ":");
  const { privileged, child } = sshdsOf(user);
  await lab.must(`kill -KILL ${privileged}`);
  await expect.poll(() => of(user, /^sshd/)[0]?.ppid, { timeout: BOUND_MS }).not.toBe(privileged);
  await type(ssh, "echo still here");
  const { ended, steps } = await end([0, child]);
  expect(ended).toBe(true);
  expect(steps).toHaveLength(3);
  expect(steps).toContain(`child sshd ${child} ended after SIGTERM`);
  await ssh.waitFor(CLOSED);
});

test("a session leader that ignores every signal and never reads is killed, after its sshd", async () => {
  const { user, ssh } = await login();
  await type(ssh, "trap '' HUP TERM INT");
  ssh.write("exec sleep 1004\r");
  await ssh.waitFor(() => of(user, /^sleep$/).length > 0);
  const { privileged, child } = sshdsOf(user);
  const { ended, steps } = await end([privileged, child]);
  expect(ended).toBe(true);
  expect(steps.at(-1)).toMatch(/ended after SIGKILL$/);
  await ssh.waitFor(CLOSED);
  expect(of(user, /^sleep$/)).toEqual([]);
});

test("a login of root has one sshd", async () => {
  const ssh = lab.ssh("root", ["-tt"]);
  await type(ssh, ":");
  const shell = lab.processes().find(({ cmdline, user }) => cmdline[0] === "-bash" && user === "root");
  const { ended, steps } = await end([shell?.ppid ?? 0, 0]);
  expect(ended).toBe(true);
  expect(steps).toEqual([
    expect.stringMatching(/^last line on/),
    `sshd ${shell?.ppid} ended after SIGTERM`,
    expect.stringMatching(/ended by itself$/),
  ]);
  await ssh.waitFor(CLOSED);
});

test("a login without a terminal ends", async () => {
  const { user, ssh } = await login(["-T"], "sleep 1005");
  await ssh.waitFor(() => of(user, /^sleep$/).length > 0);
  const { privileged, child } = sshdsOf(user);
  const { ended, steps } = await end([privileged, child]);
  expect(ended).toBe(true);
  expect(steps).toHaveLength(2);
  await ssh.waitFor(CLOSED);
});

test("a user ends their own login without touching the privileged sshd", async () => {
  const { user, ssh } = await login();
  await type(ssh, "trap '' HUP TERM");
  const { privileged, child } = sshdsOf(user);
  const { ended, steps } = await end([privileged, child], user);
  expect(ended).toBe(true);
  expect(steps).toContain(`child sshd ${child} ended after SIGTERM`);
  expect(steps).toContain(`privileged sshd ${privileged} ended by itself`);
  await ssh.waitFor(CLOSED);
  expect(of(user, /^(bash|sshd.*)$/)).toEqual([]);
});

test("a job in the foreground that the user protected with nohup lives on, and is not left stopped", async () => {
  const { user, ssh } = await login();
  ssh.write("nohup sleep 1006\r");
  await ssh.waitFor(() => of(user, /^sleep$/).length > 0);
  const { privileged, child } = sshdsOf(user);
  const { ended } = await end([privileged, child]);
  expect(ended).toBe(true);
  await ssh.waitFor(CLOSED);
  expect(of(user, /^bash$/)).toEqual([]);
  expect(of(user, /^sleep$/).map(({ state }) => state)).toEqual(["S"]);
});

/** Two terminals over one connection: the master's own, and one more. */
async function twoTerminals(): Promise<{ user: string; ssh: Ssh; other: Ssh }> {
  const path = `/tmp/master-${users + 1}`;
  const { user, ssh } = await login(["-tt", "-o", "ControlMaster=yes", "-o", `ControlPath=${path}`]);
  await type(ssh, ":");
  const other = lab.ssh(user, ["-tt", "-o", `ControlPath=${path}`]);
  await type(other, ":");
  return { user, ssh, other };
}

/** The pid of the shell behind a client, as it says itself. */
async function shellPid(ssh: Ssh): Promise<number> {
  ssh.write("echo pid $$ .\r");
  await ssh.waitFor(/^pid \d+ \./m);
  return Number(/^pid (\d+) \./m.exec(ssh.screen())?.[1]);
}

for (const who of ["root", "the user"] as const) {
  for (const [what, spoil, byRoot, byUser] of [
    ["plain", ":", "a hang-up", "SIGHUP and SIGCONT"],
    ["trapping", "trap '' HUP TERM", "a hang-up", "SIGKILL"],
    ["stopped", "(sleep 1; kill -STOP $$) &", "a hang-up", "SIGHUP and SIGCONT"],
  ] as const) {
    test(`${who} hangs up one terminal with a ${what} shell, even the master's own, and the other lives`, async () => {
      const { user, ssh, other } = await twoTerminals();
      const leader = await shellPid(ssh);
      const { privileged, child } = sshdsOf(user);
      await type(ssh, spoil);
      if (what === "stopped")
        await ssh.waitFor(() => lab.processes().some(({ pid, state }) => pid === leader && state === "T"));
      const { ended, steps } = await end([privileged, child, leader], who === "root" ? undefined : user);
      expect(ended).toBe(true);
      expect(steps.at(-1)).toMatch(
        new RegExp(`session leader ${leader} .* ended after ${who === "root" ? byRoot : byUser}$`),
      );
      expect(lab.processes().filter(({ pid, state }) => pid === leader && state !== "Z")).toEqual([]);
      await ssh.waitFor(/afkill: that was it/);
      await type(other, "echo the other lives");
      // Beside the shell, for a moment, what it starts for its next prompt.
      await other.waitFor(() => of(user, /^bash$/).length === 1);
      await end([privileged, child]);
      await other.exit;
    });
  }
}
