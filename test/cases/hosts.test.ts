// Hosts as they are, as far as a lab can be one: mounts, terminals, a /proc and users from elsewhere than /etc/passwd need neither a
// kernel nor a systemd of their own. What does need them is in machines/hosts-systemd.test.ts.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  aliveAfter,
  atPrompt,
  auditOf,
  expectEndOnTime,
  LIMIT_S,
  SOON,
  timesPrinted,
  type,
} from "../support/logins.ts";

/** A login that must live is watched for so long that one whose limit ran would be gone. */
const LONG_S = 2.5 * LIMIT_S;

const policy = `
idle_timeout = "off"
warn_before = ["10s", "5s"]
[exempt]
groups = ["ldap-noidle"]
[[rule]]
match = { users = ["root", "idler", "outside", "seer", "ldap-user"] }
idle_timeout = "${LIMIT_S}s"
[[rule]]
match = { groups = ["ldap-idle"] }
idle_timeout = "${LIMIT_S}s"
`;

/** Restricts the mounts of a host in the ways that hardening guides ask for. */
const restrictMounts = `
  mount -o remount,noexec,nosuid,nodev /run
  mount --bind /usr /usr && mount -o remount,bind,ro /usr
  cp /bin/true /run/true && ! /run/true && ! touch /usr/lib/afkill/x`;

/** `box COMMAND`: runs it in a container with terminals of its own, on the first of them. */
const BOX = `#!/bin/sh
exec unshare --mount sh -c '
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /dev/pts && exec script -qc "$0" /dev/null' "$*"
`;

/** Adds what a directory server would give a host: users and groups that no file in /etc knows. The users can log in. */
async function addLdapUsers(lab: Lab, users: readonly string[], groups: string): Promise<void> {
  const lines = (line: (name: string, uid: number) => string) =>
    users.map((name, at) => `${line(name, 20_000 + at)}\n`).join("");
  const files = "/var/lib/extrausers";
  await lab.write(
    `${files}/passwd`,
    lines((name, uid) => `${name}:x:${uid}:20000::/home/${name}:/bin/bash`),
  );
  await lab.write(
    `${files}/shadow`,
    lines((name) => `${name}:*:19000:0:99999:7:::`),
    0o640,
  );
  await lab.write(`${files}/group`, `ldap-people:x:20000:\n${groups}`);
  await lab.must(`sed -Ei 's/^(passwd|group|shadow):.*/\\1: files extrausers/' /etc/nsswitch.conf
    for user in ${users.join(" ")}; do
      install -d -m 700 -o $user -g ldap-people /home/$user /home/$user/.ssh
      install -m 600 -o $user /root/.ssh/id_ed25519.pub /home/$user/.ssh/authorized_keys
    done
    ! grep ldap- /etc/passwd /etc/group`);
}

/** Who guards each login of a user. */
async function watchdogsOf(lab: Lab, user: string): Promise<(string | null)[]> {
  const logins = JSON.parse(await lab.must(`afkill list --json --user ${user}`));
  return logins.map(({ watchdog }: { watchdog: string | null }) => watchdog);
}

async function expectGuardedAndEnded(lab: Lab, user: string): Promise<void> {
  const ssh = await atPrompt(lab, user);
  const lastKeyAt = type(ssh, "x");
  await vi.waitFor(async () => expect(await watchdogsOf(lab, user)).toEqual(["root"]), SOON);
  await expectEndOnTime(ssh, lastKeyAt);
  expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);
  expect(ssh.output).toContain("closed by remote host");
}

/** Presses these keys every two seconds until the function that it returns is called. */
function keepTyping(ssh: Ssh, keys: string): () => void {
  const timer = setInterval(() => ssh.write(keys), 2000);
  return () => clearInterval(timer);
}

/** Logs in as root and enters a container. Resolves once its shell has a terminal of this name, by the container's count. */
async function enterBox(lab: Lab, command: string, terminal: string): Promise<Ssh> {
  const ssh = await atPrompt(lab, "root");
  ssh.write(`/root/box "${command}"\r`);
  await ssh.waitFor(/bash-[0-9.]+# $/m);
  ssh.write("tty\r");
  await ssh.waitFor(new RegExp(`^${terminal}$`, "m"));
  return ssh;
}

describe("hosts as they are", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    /** On /dev/pts/0 and /dev/pts/1. */
    let outside: readonly [Ssh, Ssh];
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy });
      for (const user of ["idler", "outside"]) await lab.addUser(user);
      outside = [await atPrompt(lab, "outside"), await atPrompt(lab, "outside")];
      await addLdapUsers(
        lab,
        ["ldap-user", "ldap-member", "ldap-exempt"],
        "ldap-idle:x:20001:ldap-member,ldap-exempt\nldap-noidle:x:20002:ldap-exempt\n",
      );
      await lab.write("/root/box", BOX, 0o755);
      await lab.must(restrictMounts);
    });
    afterAll(() => lab?.stop());

    test("/run noexec and /usr read-only: a login is guarded, and ended on time", () =>
      expectGuardedAndEnded(lab, "idler"));

    test("/usr read-only: install and uninstall change nothing, and say why", async () => {
      const state = () =>
        lab.must("find /etc/pam.d /etc/profile.d /usr/lib/afkill -type f -printf '%p %i %s %T@\\n'");
      const before = await state();
      for (const words of ["install --hook profile", "uninstall"]) {
        const { status, stderr } = await lab.run(`afkill ${words}`);
        expect(status).toBe(1);
        expect(stderr).toMatch(/ cannot be changed: \/usr is mounted read-only .*; everything was put back/);
      }
      expect(await state()).toBe(before);
    });

    test("users of an nss module: a rule finds one by name", () => expectGuardedAndEnded(lab, "ldap-user"));
    test("users of an nss module: a rule finds one by group", () =>
      expectGuardedAndEnded(lab, "ldap-member"));
    test("users of an nss module: a group exempts one whom a rule would end", async () => {
      const ssh = await atPrompt(lab, "ldap-exempt");
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      expect(ssh.output).not.toContain("afkill");
      expect(await auditOf(lab, "ldap-exempt")).toEqual([]);
    });

    test("a container's pts/0 that is idle is ended, and not the pts/0 outside, whose keys do not keep it", async () => {
      const [ssh] = outside;
      ssh.write("tty; sleep 1000\r");
      await ssh.waitFor(/^\/dev\/pts\/0$/m);
      // Nobody reads these: what tells of them is the number of unread bytes, of all terminals that can be reached.
      const rest = keepTyping(ssh, "key\r");
      try {
        const boxed = await enterBox(lab, "bash --norc", "/dev/pts/0");
        await expectEndOnTime(boxed, type(boxed, "x"));
        expect(await aliveAfter(ssh, LIMIT_S)).toBe(true);
        expect(ssh.output).not.toContain("afkill");
      } finally {
        rest();
      }
    });

    test("a container's pts/1 that is typed in lives, and does not keep the idle pts/1 outside", async () => {
      const [, ssh] = outside;
      ssh.write("tty\r");
      await ssh.waitFor(/^\/dev\/pts\/1$/m);
      const boxed = await enterBox(lab, "script -qc 'bash --norc' /dev/null", "/dev/pts/1");
      const rest = keepTyping(boxed, "x");
      try {
        await expectEndOnTime(ssh, type(ssh, "x"));
        expect(await aliveAfter(boxed, LONG_S - LIMIT_S)).toBe(true);
        expect(boxed.output).not.toContain("afkill");
      } finally {
        rest();
      }
    });
  });

  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    /** Logged in before root had a hook. */
    let seer: Ssh;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "profile", policy });
      for (const user of ["seer", "idler"]) await lab.addUser(user);
      await lab.must("mount -o remount,hidepid=2 /proc");
      seer = await atPrompt(lab, "seer");
      await lab.install("pam");
    });
    afterAll(() => lab?.stop());

    // From OpenSSH 9.8 on its two hooks are children of two sshds.
    test("a login of root's has one watchdog by two hooks, and is ended on time", () =>
      expectGuardedAndEnded(lab, "root"));
    test("hidepid=2: root's hook guards a login as ever", () => expectGuardedAndEnded(lab, "idler"));
    test("hidepid=2: a user's own hook says that it guards nothing, and the login lives", async () => {
      const said = /afkill\[\d+\]: cannot see sshd \d+ .*hidepid.*not guarded/;
      await vi.waitFor(async () => expect(await lab.syslog()).toMatch(said), SOON);
      expect(await watchdogsOf(lab, "seer")).toEqual([null]);
      expect(await aliveAfter(seer, LONG_S)).toBe(true);
      expect(await auditOf(lab, "seer")).toEqual([]);
    });
  });
});
