// Faults are caused one by one: every login lives, new ones come in, and the log says why.
import { describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { aliveAfter, atPrompt, LIMIT_S, LONG_S, policyOfSeconds, type } from "../support/logins.ts";

interface Fault {
  readonly name: string;
  readonly cause: (lab: Lab) => Promise<unknown>;
  readonly logged: RegExp;
  readonly policy?: string;
}

const faults: readonly Fault[] = [
  {
    name: "Node is missing",
    cause: (lab) => lab.must("mv /usr/lib/afkill/node /root/"),
    logged: /afkill.*check failed/,
  },
  {
    name: "the check is broken",
    cause: (lab) => lab.must("echo 'syntax error here' > /usr/lib/afkill/dist/check.js"),
    logged: /afkill.*check failed/,
  },
  {
    name: "the policy of a login that has none yet is broken",
    cause: (lab) => lab.writePolicy('idle_timeout = "20x"\n'),
    logged: /afkill.*afkill\.toml.*idle_timeout.*nobody is ended/,
  },
  {
    name: "the policy is gone",
    cause: (lab) => lab.must("rm /etc/afkill/afkill.toml"),
    logged: /afkill.*afkill\.toml.*nobody is ended/,
  },
  {
    name: "the policy can be written by anybody",
    cause: (lab) => lab.must("chmod 666 /etc/afkill/afkill.toml"),
    logged: /afkill.*afkill\.toml.*nobody is ended/,
  },
  {
    name: "a group cannot be resolved",
    cause: (lab) => lab.must("rm /usr/bin/id"),
    logged: /afkill.*the groups of visitor are not known: .*ENOENT; the login is not ended/,
    policy: '[exempt]\ngroups = ["noidle"]\n',
  },
];

/** A short notice makes the first check a late one: the fault must be there before it, for a login that knew a good policy keeps to that. */
const CHECKED_LATE = `idle_timeout = "${LIMIT_S}s"\nwarn_before = ["3s"]\n`;

describe.concurrent.each(faults)("when $name", ({ cause, logged, policy = "" }) => {
  test("logins that are open and new ones live on, and the log says why", async () => {
    await using lab = await startLab({ hook: "pam", policy: CHECKED_LATE + policy });
    await lab.addUser("visitor");
    const open = await atPrompt(lab, "visitor");
    type(open, "\r");
    await cause(lab);
    const later = await atPrompt(lab, "visitor");
    type(later, "\r");
    expect(await aliveAfter(open, LONG_S)).toBe(true);
    expect(await aliveAfter(later, 1)).toBe(true);
    expect((await lab.run("ssh visitor@lab 'exit 23'")).status).toBe(23);
    expect(await lab.syslog()).toMatch(logged);
  });
});

test.concurrent("when the program directory is deleted, logins come and stay", async () => {
  await using lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
  await lab.addUser("visitor");
  const open = await atPrompt(lab, "visitor");
  type(open, "\r");
  await lab.must("rm -rf /usr/lib/afkill");
  const later = await atPrompt(lab, "visitor");
  expect(await aliveAfter(open, LONG_S)).toBe(true);
  expect(await aliveAfter(later, 1)).toBe(true);
  expect(await lab.syslog()).toMatch(/afkill|pam_exec/);
});

test.concurrent("when the policy breaks under a login that knew a good one, that one still applies", async () => {
  await using lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
  await lab.addUser("visitor");
  const ssh = await atPrompt(lab, "visitor");
  type(ssh, "\r");
  await ssh.waitFor(/closes in/);
  await lab.writePolicy("idle_timeout = ");
  await ssh.exit;
  expect(ssh.output).toContain("closed by remote host");
  expect(await lab.syslog()).toMatch(/afkill.*afkill\.toml.*the last good policy still applies/);
});

test.concurrent("when a policy is changed, running logins follow without a restart", async () => {
  await using lab = await startLab({ hook: "pam", policy: 'idle_timeout = "2h"\n' });
  await lab.addUser("visitor");
  const ssh = await atPrompt(lab, "visitor");
  type(ssh, "\r");
  expect(await aliveAfter(ssh, 5)).toBe(true);
  await lab.writePolicy(policyOfSeconds());
  await ssh.waitFor(/closes in/);
  await ssh.exit;
  expect(ssh.output).toContain("closed by remote host");
});
