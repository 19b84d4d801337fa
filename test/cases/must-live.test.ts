// Must live: logins whose user, or work that the user waits for, is there. What only looks like it must end.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { memoryLimit } from "../lab/memory.ts";
import { isPrivilegedOf } from "../lab/processes.ts";
import { releases } from "../lab/release.ts";
import {
  aliveAfter,
  aliveWhileTyped,
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  LONG_S,
  policyOfSeconds,
  type,
} from "../support/logins.ts";

/** What one key a minute is under a two-minute limit. */
const HALF_S = LIMIT_S / 2;
/** Compiles nothing, but like a build: short processes that use the CPU, one after the other. */
const BUILD = `while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; sleep 0.2; done`;
const BUSY_MAX_S = 60;

const POLICY = `${policyOfSeconds()}
[exempt]
groups = ["noidle"]
[[rule]]
match = { users = ["overworked"] }
busy_max = "${BUSY_MAX_S}s"
[[rule]]
match = { users = ["follower"] }
activity = ["input", "output"]
`;

/** The pid of the watchdog of a user's only login. */
function watchdogOf(lab: Lab, user: string): number {
  const processes = lab.processes();
  const sshd = processes.find(({ cmdline }) => isPrivilegedOf(user, cmdline));
  const watchdog = processes.find(
    ({ cmdline }) => cmdline.includes("/usr/lib/afkill/watchdog") && cmdline.at(-1) === String(sshd?.pid),
  );
  if (!watchdog) throw new Error(`no watchdog of ${user}'s`);
  return watchdog.pid;
}

async function startThisLab(release: (typeof releases)[number]): Promise<Lab> {
  const lab = await startLab({ release, hook: "pam", policy: POLICY });
  await lab.write("/usr/local/bin/build", `#!/bin/sh\n${BUILD}\n`, 0o755);
  return lab;
}

/** Stops the client of a user, as a laptop does whose lid is closed, until something has been waited for. The connection stays. */
async function whileSuspended<T>(lab: Lab, user: string, ssh: Ssh, wait: () => Promise<T>): Promise<T> {
  const client = lab
    .processes()
    .find(({ exe, cmdline }) => exe.endsWith("/ssh") && cmdline.includes(`${user}@lab`));
  await lab.must(`kill -STOP ${client?.pid}`);
  try {
    return await wait();
  } finally {
    // nsenter, which started it, has stopped along, and passes this on.
    process.kill(ssh.pid, "SIGCONT");
  }
}

describe.concurrent("must live", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startThisLab(release);
    });
    afterAll(() => lab?.stop());

    test("a user typing one key a minute under a two-minute limit", async () => {
      await lab.addUser("slow");
      const ssh = await atPrompt(lab, "slow");
      expect(await aliveWhileTyped(ssh, "x", HALF_S)).toBe(true);
      await expectEndOnTime(ssh, type(ssh, "x"));
    });

    test("a user who types is never disturbed", async () => {
      await lab.addUser("typist");
      const ssh = await atPrompt(lab, "typist");
      expect(await aliveWhileTyped(ssh, "x", 2)).toBe(true);
      expect(ssh.output).not.toContain("afkill");
      ssh.kill();
    });

    test("typing into a program that does not read", async () => {
      await lab.addUser("blind");
      const ssh = await atPrompt(lab, "blind");
      ssh.write("sleep 1000\r");
      expect(await aliveWhileTyped(ssh, "x\r", HALF_S)).toBe(true);
      await expectEndOnTime(ssh, type(ssh, "x\r"));
    });

    test.each([
      { what: "a build using CPU with `busy` on", name: "builder", command: "build" },
      { what: "a build in sudo", name: "rootbuilder", command: "sudo /usr/local/bin/build" },
      { what: "a build in script", name: "scripted", command: "script -qc build /dev/null" },
      {
        what: "a job that writes files",
        name: "copier",
        command: "(while :; do head -c 100000 /dev/zero; sleep 1; done) > copy",
      },
    ])("$what", async ({ name, command }) => {
      await lab.addUser(name, { sudo: true });
      const ssh = await atPrompt(lab, name);
      ssh.write(`${command}\r`);
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      ssh.write("\u0003");
      await expectEndOnTime(ssh, type(ssh, "\r"));
      expect((await auditWithEnd(lab, name)).at(-1)?.action).toBe("end");
    });

    test("`tail -f` with `output` on", async () => {
      await lab.addUser("follower");
      lab.spawn("while :; do date >>/tmp/growing.log; sleep 3; done");
      const ssh = await atPrompt(lab, "follower");
      ssh.write("tail -f /tmp/growing.log\r");
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      ssh.write("\u0003");
      await expectEndOnTime(ssh, type(ssh, "\r"));
    });

    test("an exempt user, until they leave the group", async () => {
      await lab.addUser("exempted", { groups: ["noidle"] });
      const ssh = await atPrompt(lab, "exempted");
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      expect(ssh.output).not.toContain("afkill");
      await lab.must("gpasswd -d exempted noidle");
      await ssh.waitFor(/closes in/);
      await ssh.exit;
      expect(ssh.output).toContain("closed by remote host");
    });

    test("a login whose client suspends and comes back", async () => {
      await lab.addUser("lid");
      const ssh = await atPrompt(lab, "lid");
      let lastKeyAt = 0;
      for (let beganAt = performance.now(); performance.now() < beganAt + LONG_S * 1000; ) {
        lastKeyAt = type(ssh, "x");
        await ssh.waitFor(/x$/m);
        const alive = await whileSuspended(lab, "lid", ssh, () => aliveAfter(ssh, HALF_S));
        expect(alive).toBe(true);
      }
      lastKeyAt = type(ssh, "\recho back$((1+1))\r");
      await ssh.waitFor(/back2/);
      await expectEndOnTime(ssh, lastKeyAt);
    });

    test("a build whose user's client suspends beyond the limit and comes back", async () => {
      await lab.addUser("lidbuilder");
      const ssh = await atPrompt(lab, "lidbuilder");
      ssh.write("build\r");
      expect(await whileSuspended(lab, "lidbuilder", ssh, () => aliveAfter(ssh, LONG_S))).toBe(true);
      ssh.write("\u0003");
      ssh.write("echo back$((1+1))\r");
      await ssh.waitFor(/back2/);
      expect((await auditOf(lab, "lidbuilder")).map(({ action }) => action)).not.toContain("end");
      ssh.kill();
    });

    test("a login when memory is short (a cgroup limit), which is guarded again after it", async ({
      skip,
    }) => {
      using limit = memoryLimit(6 << 20);
      if (!limit) return skip("this machine lets nobody make a cgroup");
      await lab.addUser("short");
      const ssh = await atPrompt(lab, "short");
      const watchdog = watchdogOf(lab, "short");
      limit.add(lab, watchdog);
      type(ssh, "x");
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      expect(await lab.syslog()).toMatch(
        new RegExp(`afkill\\[${watchdog}\\]: check failed with status \\d+, the login is left alone`),
      );
      limit.lift();
      await ssh.waitFor(/closes in/, 90_000);
      await ssh.exit;
      expect((await auditWithEnd(lab, "short")).at(-1)).toMatchObject({ action: "end", ended: true });
    });

    test("a command without a terminal, until it ends with its own status", async () => {
      await lab.addUser("remote");
      const ran = await lab.run("ssh remote@lab 'sleep 60; exit 23'", { timeoutMs: 120_000 });
      expect(ran).toEqual({ status: 23, stdout: "", stderr: "" });
    });

    test("a terminal in use beside an idle one of the same login", async () => {
      await lab.addUser("twofold");
      const master = await atPrompt(lab, "twofold", ["-M", "-S", "/root/two.sock"]);
      const typing = setInterval(() => master.write("x"), 2000);
      const second = await atPrompt(lab, "twofold", ["-S", "/root/two.sock"]);
      await expectEndOnTime(second, type(second, "\r"));
      expect(second.output).toMatch(/afkill: .* closed at/);
      expect(await aliveAfter(master, LIMIT_S)).toBe(true);
      expect(master.output).not.toContain("afkill");
      clearInterval(typing);
      const actions = (await auditOf(lab, "twofold")).map(({ action }) => action);
      expect(actions).toEqual(["notice", "notice", "hang-up"]);
      master.kill();
    });

    test("a terminal in use beside an idle one that came first", async () => {
      await lab.addUser("mastered");
      const master = await atPrompt(lab, "mastered", ["-M", "-S", "/root/master.sock"]);
      const second = await atPrompt(lab, "mastered", ["-S", "/root/master.sock"]);
      const typing = setInterval(() => second.write("x"), 2000);
      master.write("\r");
      await master.waitFor(/afkill: .* closed at/);
      expect(await aliveAfter(second, LIMIT_S)).toBe(true);
      clearInterval(typing);
      expect((await auditOf(lab, "mastered")).at(-1)?.action).toBe("hang-up");
      second.kill();
      master.kill();
    });
  });
});

describe.concurrent("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startThisLab(release);
    });
    afterAll(() => lab?.stop());

    test("a build that works longer than `busy_max` after the last key", async () => {
      await lab.addUser("overworked");
      const ssh = await atPrompt(lab, "overworked");
      const lastKeyAt = type(ssh, "build\r");
      await ssh.waitFor(/closes in/, 120_000);
      // With the limit on top it would be later than this allows.
      await expectEndOnTime(ssh, lastKeyAt + (BUSY_MAX_S - LIMIT_S) * 1000);
      const end = (await auditWithEnd(lab, "overworked")).at(-1);
      expect(end?.lastActivity).toMatch(/^busy: /);
    });

    test("a login whose client is suspended beyond the limit", async () => {
      await lab.addUser("away");
      const ssh = await atPrompt(lab, "away");
      const lastKeyAt = type(ssh, "x");
      await ssh.waitFor(/x$/m);
      await whileSuspended(lab, "away", ssh, () =>
        vi.waitFor(() => auditWithEnd(lab, "away"), { timeout: 90_000 }),
      );
      await expectEndOnTime(ssh, lastKeyAt);
    });
  });
});
