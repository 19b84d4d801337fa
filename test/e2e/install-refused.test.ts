import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { afkill, stateOf } from "../support/install.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ pamLine: true });
  await lab.addUser("visitor");
  await lab.must("cp -a /etc/ssh /etc/pam.d /root/");
});
afterAll(() => lab.stop());

interface Refusal {
  readonly args: string;
  /** Makes the host one on which this must be refused, and undoes that. */
  readonly given?: string;
  readonly undo?: string;
  readonly status?: number;
  readonly says: RegExp | string;
}

const command = "install --hook force-command";
const restored = "cp -a /root/ssh/. /etc/ssh/; cp -a /root/pam.d/. /etc/pam.d/";
const keys = "/home/visitor/.ssh/authorized_keys";

const refusals: Record<string, Refusal> = {
  "an unknown hook": {
    args: "install --hook crontab",
    status: 2,
    says: "argument 'crontab' is invalid. Allowed choices are pam, force-command, profile; see afkill --help",
  },
  "no hook": { args: "install", status: 2, says: "give one of --hook <name>, --node <file> and --repeat" },
  "a hook and a Node": {
    args: "install --hook pam --node /usr/bin/node",
    status: 2,
    says: "give one of --hook <name>, --node <file> and --repeat",
  },
  "a Node where nothing is installed": {
    args: "install --node /usr/bin/node",
    says: "afkill is not installed here; first: sudo afkill install --hook pam",
  },
  "an unknown command": { args: "instal", status: 2, says: "unknown command 'instal'" },
  "a scope for another hook": {
    args: "install --hook pam --match 'User a'",
    status: 2,
    says: "--match, --accept-forced-keys and --wrap need --hook force-command",
  },
  "a scope that is everybody": {
    args: `${command} --match 'all'`,
    status: 2,
    says: "Expected the criteria of a Match block",
  },
  "a scope of two lines": {
    args: `${command} --match 'User a\nPermitRootLogin yes'`,
    status: 2,
    says: "Expected the criteria of a Match block",
  },
  "a scope that sshd does not understand": {
    args: `${command} --match 'Moon full'`,
    says: /sshd would not accept the change \(sshd -t: .*Moon.*; everything was put back as it was/,
  },
  "no sshd": {
    args: "install --hook profile",
    given: "mv /usr/sbin/sshd /usr/sbin/sshd-away",
    undo: "mv /usr/sbin/sshd-away /usr/sbin/sshd",
    says: "there is no /usr/sbin/sshd; install the SSH server first",
  },
  "a machine without PAM": {
    args: "install --hook pam",
    given: "rm /etc/pam.d/sshd",
    undo: restored,
    says: "there is no /etc/pam.d/sshd: this host has no PAM for sshd; use --hook force-command or --hook profile instead",
  },
  "an sshd that does not use PAM": {
    args: "install --hook pam",
    given: "sed -i 's/^UsePAM yes/UsePAM no/' /etc/ssh/sshd_config",
    undo: restored,
    says: "sshd does not use PAM (UsePAM no); set UsePAM yes, or use --hook",
  },
  "a PAM file with a mistake in it": {
    args: "install --hook pam",
    given: "echo 'session maybe pam_x.so' >>/etc/pam.d/sshd",
    undo: restored,
    says: /\/etc\/pam.d\/sshd:\d+ cannot be understood: expected a control such as required, got maybe; correct it/,
  },
  "an included PAM file that is missing": {
    args: "install --hook pam",
    given: "sed -i '1i@include not-there' /etc/pam.d/sshd",
    undo: restored,
    says: "/etc/pam.d/sshd includes not-there, which cannot be read: ENOENT",
  },
  "an sshd_config with a mistake in it": {
    args: command,
    given: "echo 'Bogus yes' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd -t: .*Bogus.*; correct sshd's configuration/,
  },
  "an sshd_config that reads no drop-ins": {
    args: command,
    given: "sed -i '/^Include/d' /etc/ssh/sshd_config",
    undo: restored,
    says: 'does not include /etc/ssh/sshd_config.d; put "Include /etc/ssh/sshd_config.d/*.conf" at its top',
  },
  "a host whose shells read no /etc/profile.d": {
    args: "install --hook profile",
    given: "cp -a /etc/profile /root/profile; echo : >/etc/profile",
    undo: "cp -a /root/profile /etc/profile",
    says: "/etc/profile does not read /etc/profile.d/*.sh on this host",
  },
  "a bad policy": {
    args: "install --hook pam",
    given: "mkdir /etc/afkill; echo 'idle_timeout = 5' >/etc/afkill/afkill.toml",
    undo: "rm -r /etc/afkill",
    says: /\/etc\/afkill\/afkill.toml:1:\d+: idle_timeout: .*; correct the policy and run this again/,
  },
  "a policy directory that others may write to": {
    args: "install --hook pam",
    given: "mkdir -m 777 /etc/afkill",
    undo: "rm -r /etc/afkill",
    says: "/etc/afkill can be written to by users other than root; chown root /etc/afkill and chmod go-w /etc/afkill",
  },
  "another program of this name": {
    args: "install --hook pam",
    given: "echo other >/usr/sbin/afkill",
    undo: "rm /usr/sbin/afkill",
    says: "/usr/sbin/afkill is not as afkill writes it",
  },
  "another program of this name for users": {
    args: "install --hook pam",
    given: "echo other >/usr/bin/afkill",
    undo: "rm /usr/bin/afkill",
    says: "/usr/bin/afkill is not as afkill writes it",
  },
  "a program directory on a mount with nosuid": {
    args: "install --hook pam",
    given: "mkdir /usr/lib/afkill && mount -t tmpfs -o nosuid,mode=755 none /usr/lib/afkill",
    undo: "umount /usr/lib/afkill; rmdir /usr/lib/afkill",
    says: "/usr/lib/afkill is on /usr/lib/afkill, which is mounted nosuid",
  },
  "a full disk": {
    args: "install --hook pam",
    given: "mkdir /usr/lib/afkill && mount -t tmpfs -o size=64m,mode=755 none /usr/lib/afkill",
    undo: "umount /usr/lib/afkill; rmdir /usr/lib/afkill",
    says: /ENOSPC: .*; everything was put back as it was/,
  },
  "a directory of PAM files that is mounted read-only": {
    args: "install --hook pam",
    given: "mount --bind /etc/pam.d /etc/pam.d && mount -o remount,bind,ro /etc/pam.d",
    undo: "umount /etc/pam.d",
    says: /\/etc\/pam\.d is mounted read-only .*; everything was put back as it was/,
  },
  "a restricted key of root's": {
    args: command,
    given:
      "cp /root/.ssh/authorized_keys /root/keys; echo 'command=\"x\" ssh-ed25519 AAAA' >>/root/.ssh/authorized_keys",
    undo: "mv /root/keys /root/.ssh/authorized_keys",
    says: "/root/.ssh/authorized_keys:2: a key restricted by command=: ForceCommand would cancel such a restriction",
  },
  "a restricted key in the home of a user that nobody lists": {
    args: command,
    given:
      "mkdir -p /home/former/.ssh; echo 'command=\"x\" ssh-ed25519 AAAA' >/home/former/.ssh/authorized_keys2",
    undo: "rm -r /home/former",
    says: "/home/former/.ssh/authorized_keys2:1: a key restricted by command=",
  },
  "a restricted key where a Match block looks for keys": {
    args: command,
    given: `mkdir /etc/keys; echo 'command="x" ssh-ed25519 AAAA' >/etc/keys/visitor
      printf 'Match User visitor\\nAuthorizedKeysFile /etc/keys/%%u\\n' >>/etc/ssh/sshd_config`,
    undo: `rm -r /etc/keys; ${restored}`,
    says: "/etc/keys/visitor:1: a key restricted by command=",
  },
  "a certificate authority of a user's": {
    args: command,
    given: `cp -a ${keys} /root/keys; sed -i 's/^/cert-authority /' ${keys}`,
    undo: `cp -a /root/keys ${keys}`,
    says: `${keys}:1: a cert-authority, whose certificates may be restricted to a command`,
  },
  TrustedUserCAKeys: {
    args: command,
    given: "echo 'TrustedUserCAKeys /etc/ssh/ssh_host_ed25519_key.pub' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd_config:\d+: TrustedUserCAKeys, whose certificates may be restricted to a command: ForceCommand would cancel such a restriction/,
  },
  AuthorizedKeysCommand: {
    args: command,
    given:
      "printf 'AuthorizedKeysCommand /bin/true\\nAuthorizedKeysCommandUser root\\n' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd_config:\d+: AuthorizedKeysCommand, which may bring keys restricted by command=/,
  },
  "users that cannot be listed at all": {
    args: command,
    given: "mount --bind /dev/null /usr/bin/getent",
    undo: "umount /usr/bin/getent",
    says: "getent passwd: users that cannot be listed (",
  },
  "users that cannot be listed": {
    args: command,
    given: "cp /etc/nsswitch.conf /root/; sed -i 's/^passwd:.*/& sss/' /etc/nsswitch.conf",
    undo: "cat /root/nsswitch.conf >/etc/nsswitch.conf",
    says: '/etc/nsswitch.conf: users from "sss", whose keys cannot be listed',
  },
  "a ForceCommand for everybody": {
    args: command,
    given: "echo 'ForceCommand /bin/true' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd_config:\d+: another ForceCommand: ForceCommand would cancel such a restriction/,
  },
  "another block's ForceCommand beside a scope": {
    args: `${command} --match 'Group users'`,
    given: "printf 'Match User visitor\\nForceCommand internal-sftp\\n' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd_config:\d+: another ForceCommand: ForceCommand would cancel such a restriction; use --hook pam, or accept/,
  },
  "logins locked into a directory": {
    args: command,
    given: "printf 'Match User visitor\\nChrootDirectory /srv\\n' >>/etc/ssh/sshd_config",
    undo: restored,
    says: /sshd_config:\d+: a ChrootDirectory without a ForceCommand, in which afkill's program does not exist/,
  },
};

test.each(Object.entries(refusals))("%s: one line, and nothing changed", async (_, refusal) => {
  const { args, given = ":", undo = ":", status = 1, says } = refusal;
  await lab.must(given);
  try {
    const before = await stateOf(lab);
    const ran = await afkill(lab, args);
    expect(ran.stderr).toMatch(/^afkill: [^\n]+; [^\n]+\n$/);
    if (typeof says === "string") expect(ran.stderr).toContain(says);
    else expect(ran.stderr).toMatch(says);
    expect(ran.status).toBe(status);
    expect(await stateOf(lab)).toBe(before);
  } finally {
    await lab.must(undo);
  }
  expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23);
});

test.each([["install --hook pam"], ["install --hook pam --dry-run"], ["uninstall"]])(
  "%s by another user",
  async (args) => {
    const ran = await afkill(lab, args, { user: "visitor" });
    expect(ran).toMatchObject({ status: 1, stdout: "" });
    expect(ran.stderr).toMatch(
      /^afkill: (un)?install needs root: it changes files that belong to root; run it as root: sudo afkill (un)?install \.\.\.\n$/,
    );
  },
);

test("keys that are no files, or not readable, do not hold it up", async () => {
  await lab.must(
    `cp -a ${keys} /root/keys; rm ${keys}; mkfifo ${keys}; mkdir -p ${keys}2 /home/former; ln -s /dev/tty /home/former/.ssh`,
  );
  const ran = await afkill(lab, `${command} --dry-run`);
  await lab.must(`rm -r ${keys} ${keys}2; cp -a /root/keys ${keys}; rm -r /home/former`);
  expect(ran).toMatchObject({ status: 0, stderr: "" });
});

test("where sshd is not running, and its directory is not there, it installs and says so", async () => {
  await using other = await startLab({ pamLine: true });
  await other.must(
    "kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.02; done; rmdir /run/sshd",
  );
  const ran = await afkill(other, command);
  expect(ran).toMatchObject({ status: 0, stderr: "" });
  expect(ran.stdout).toContain("no running sshd found to reload; it takes effect when sshd starts\n");
  // An sshd that starts meanwhile needs it.
  expect(await other.must("stat -c '%a %U' /run/sshd")).toBe("755 root\n");
});

/** A copy of the build whose Node asks for a library that no host has, in the place of another with a name as long. */
const BROKEN = "/root/broken";
const breakNode = (library: string) => `
  mkdir -p ${BROKEN}/node_modules/node-linux-${process.arch}/bin
  cp -R ${lab.checkout}/dist ${BROKEN}/
  sed 's/libatomic\\.so\\.1/${library}/' ${lab.node} >${BROKEN}/node_modules/node-linux-${process.arch}/bin/node
  chmod 755 ${BROKEN}/node_modules/node-linux-${process.arch}/bin/node`;

test("a Node that cannot start here is not copied: the missing library is named, and nothing changed", async () => {
  await lab.must(breakNode("libmissing.so1"));
  const before = await stateOf(lab);
  const ran = await lab.run(`${lab.node} ${BROKEN}/dist/cli.js install --hook pam`);
  expect(ran.stderr).toMatch(
    /^afkill: \S+\/bin\/node needs libmissing\.so1, which this host does not have; install [^\n]+\n$/,
  );
  expect(ran.status).toBe(1);
  expect(await stateOf(lab)).toBe(before);
  await lab.must(`rm -r ${BROKEN}`);
});

const HOST_NODE = "/usr/bin/node";
/** Node needs this library, which a minimal Debian has not. */
const TAKE_ATOMIC =
  "cd /usr/lib/$(uname -m)-linux-gnu && mkdir /root/away && cp -a libatomic.so.1* /root/away && rm libatomic.so.1*";
const GIVE_ATOMIC = "cd /usr/lib/$(uname -m)-linux-gnu && cp -a /root/away/. . && rm -r /root/away";
const REMEDY =
  /^afkill: \S*node needs libatomic\.so\.1[^\n]*; install it: apt-get install libatomic1 [^\n]+\n$/;

test.skipIf(!existsSync(HOST_NODE))("a host's own Node, however old, installs with the build's", async () => {
  const install = `${HOST_NODE} ${lab.checkout}/dist/cli.js install`;
  expect((await lab.run(`${install} --hook pam --dry-run`)).stdout).toContain("would create");
  expect((await lab.run(install)).status).toBe(2);

  await lab.must(TAKE_ATOMIC);
  const before = await stateOf(lab);
  const ran = await lab.run(`${install} --hook pam`);
  expect(ran.stderr).toMatch(REMEDY);
  expect(ran.status).toBe(1);
  expect(await stateOf(lab)).toBe(before);
  await lab.must(GIVE_ATOMIC);
});

test("the command says what its Node lacks", async () => {
  await lab.install("pam");
  await lab.must(TAKE_ATOMIC);
  const ran = await lab.run("/usr/sbin/afkill list");
  await lab.must(GIVE_ATOMIC);
  expect(ran.stderr).toMatch(REMEDY);
  expect(ran.status).toBe(1);
  await lab.must("/usr/sbin/afkill uninstall");
});
