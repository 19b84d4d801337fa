// What a check leaves undone while nothing is due.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { isPrivilegedOf } from "../lab/processes.ts";
import { atPrompt } from "../support/logins.ts";

let lab: Lab;
/** A check of the login, as its watchdog starts it; the kernel kills it if it starts a program. */
let check: string;
beforeAll(async () => {
  lab = await startLab({ policy: 'idle_timeout = "2h"\nwarn_before = ["1m"]\n[exempt]\nusers = ["bob"]\n' });
  await lab.addUser("visitor");
  await atPrompt(lab, "visitor");
  const sshd = lab.processes().find(({ cmdline }) => isPrivilegedOf("visitor", cmdline))?.pid;
  const stat = await lab.must(`cat /proc/${sshd}/stat`);
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  await lab.must("mkdir -p /run/cost/login");
  const options = `--config /etc/afkill/afkill.toml --state /run/cost/login --privileged ${sshd}:${ticks}`;
  check = `/usr/bin/python3 ${lab.checkout}/test/lab/no-fork.py ${lab.node} --no-warnings ${lab.checkout}/dist/check.js ${options}`;
});
afterAll(() => lab?.stop());

test("a quiet check starts no process", async () => {
  for (const which of ["the first", "a later one"])
    expect([which, await lab.run(check)]).toMatchObject([which, { status: 0, stdout: /^\d+\n$/ }]);
});

test("nor does a check that has a fault to record", async () => {
  await lab.must("mv /etc/afkill/afkill.toml /root/");
  expect(await lab.run(check)).toMatchObject({ status: 0 });
  await lab.must("mv /root/afkill.toml /etc/afkill/");
  expect(await lab.syslog()).toMatch(/afkill.*afkill\.toml.*expected a file, got none/);
});

test("a check that asks the system for groups starts id, and is killed for it here", async () => {
  await lab.writePolicy('idle_timeout = "2h"\n[exempt]\ngroups = ["noidle"]\n');
  expect((await lab.run(check)).status).not.toBe(0);
});

test("what cannot be an option is refused", async () => {
  for (const words of ["--state", "--nonsense x", "x", "--blind=1"])
    expect(await lab.run(`${check} ${words}`)).toMatchObject({ status: 1, stderr: /expected an option/ });
});
