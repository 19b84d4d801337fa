// afkill on Debian unstable: the sshd and the PAM that releases get in a year or two.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Finding } from "../../src/commands/doctor/finding.ts";
import type { SshdStatus } from "../../src/sshd/status.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { sid } from "../lab/release.ts";
import { afkill } from "../support/install.ts";
import {
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  policyOfSeconds,
  timesPrinted,
  type,
} from "../support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ release: sid, hook: "pam", policy: policyOfSeconds() });
  await lab.addUser("visitor");
});
afterAll(() => lab?.stop());

test(`an idle login is warned and ended on ${sid.name}`, async () => {
  const ssh = await atPrompt(lab, "visitor");
  const lastKeyAt = type(ssh, "half a line");
  await ssh.waitFor(/afkill: closes in \d+ s, press a key to stay/);
  await expectEndOnTime(ssh, lastKeyAt);
  expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);
  const audit = await auditWithEnd(lab, "visitor");
  expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
});

test("the settings of sshd are read from what its -T prints in mixed case", async () => {
  expect(await lab.must("/usr/sbin/sshd -T")).toMatch(/^ClientAliveInterval 0$/m);
  const { stdout } = await afkill(lab, "sshd status --json");
  const { settings }: SshdStatus = JSON.parse(stdout);
  const values = Object.fromEntries(settings.map(({ keyword, value }) => [keyword, value]));
  // sshd prints true here; as in sshd_config, the answer is yes.
  expect(values).toMatchObject({ ClientAliveInterval: "0", ClientAliveCountMax: "3", TCPKeepAlive: "yes" });
  expect(await afkill(lab, "sshd apply")).toMatchObject({ status: 0 });
  expect(await lab.must("/usr/sbin/sshd -T")).toMatch(/^ClientAliveInterval 60$/m);
  expect(await afkill(lab, "sshd revert")).toMatchObject({ status: 0 });
});

test("the doctor finds nothing to mend", async () => {
  const ssh = await atPrompt(lab, "visitor");
  const ran = await afkill(lab, "doctor --json");
  const { findings }: { findings: Finding[] } = JSON.parse(ran.stdout);
  expect(findings.length).toBeGreaterThan(5);
  expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
  ssh.kill();
});
