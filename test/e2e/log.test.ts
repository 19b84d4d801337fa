// The audit of real logins read back: filtered, followed through logrotate, with lines in it that are no records.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { AuditRecord } from "../../src/audit/record.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditWithEnd, policyOfSeconds, SOON, type } from "../support/logins.ts";

const AUDIT = "/var/log/afkill/audit.jsonl";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
});
afterAll(() => lab.stop());

async function logged(options: string): Promise<AuditRecord[]> {
  const lines = (await lab.must(`afkill log --json ${options}`)).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function followers() {
  return lab.processes().filter(({ cmdline }) => cmdline.includes("--follow"));
}

test("a host without an audit says so", async () => {
  const { status, stdout, stderr } = await lab.run("afkill log");
  expect([status, stdout, stderr]).toEqual([
    0,
    "",
    `afkill: nothing has been recorded yet: there is no ${AUDIT}\n`,
  ]);
  expect((await lab.run("afkill log /tmp/none.jsonl")).status).toBe(1);
  expect((await lab.run("afkill log --action nothing")).status).toBe(2);
  expect((await lab.run("afkill log --follow --until 1h")).status).toBe(2);
});

test("a notice, an answer and an ending are logged, followed and filtered, also once logrotate has put them aside", async () => {
  await lab.addUser("reader");
  await lab.must("mkdir -p /var/log/afkill && chmod 750 /var/log/afkill");
  const follower = lab.spawn("exec afkill log --follow --json");
  let followed = "";
  follower.stdout?.on("data", (data) => {
    followed += data;
  });

  const ssh = await atPrompt(lab, "reader");
  type(ssh, "\r");
  await ssh.waitFor(/closes in/);
  type(ssh, "x");
  await ssh.waitFor(/your login stays/);
  await vi.waitFor(async () => expect((await logged("--action stay")).length).toBe(1), SOON);
  await lab.must("logrotate --force /etc/logrotate.d/afkill");
  await ssh.exit;
  await auditWithEnd(lab, "reader");

  const all = await logged("");
  expect(all.map(({ action }) => action)).toEqual(["notice", "stay", "notice", "notice", "end"]);
  expect(all.map(({ cause }) => cause)).toEqual(["idle", "activity", "idle", "idle", "idle"]);
  expect(all.map(({ ended }) => ended)).toEqual([null, null, null, null, true]);
  await vi.waitFor(
    () =>
      expect(
        followed
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      ).toEqual(all),
    SOON,
  );
  expect(follower.exitCode).toBeNull();

  expect(await logged("--user reader --outcome kept")).toEqual([all[1]]);
  expect(await logged("--user nobody")).toEqual([]);
  expect(await logged(`--since '${all[3]?.time}'`)).toEqual(all.slice(3));
  expect(await logged(`--since 1h --until '${all[3]?.time}'`)).toEqual(all.slice(0, 3));
  // Twice, so that a part of it is compressed.
  await lab.must("logrotate --force /etc/logrotate.d/afkill");
  await lab.must(`test -e ${AUDIT}.2.gz`);
  expect(await logged("")).toEqual(all);
  for (const { pid } of followers()) await lab.must(`kill ${pid}`);
});

test("what is no record is counted, and hostile text does nothing to a terminal", async () => {
  await lab.must(`printf '%s\\n' junk '{"time":1}' >>${AUDIT}`);
  const { status, stdout, stderr } = await lab.run("afkill log");
  expect([status, stderr]).toEqual([0, "afkill: 2 lines are not records: left out\n"]);
  expect(stdout.split("\n")[0]).toMatch(
    / notice {3}reader from 127\.0\.0\.1 on pts\/\d+: closes in \d+ s: given$/,
  );
});

test("a reader that goes away ends a log that follows", async () => {
  const reader = lab.spawn("afkill log --follow | head -1");
  await vi.waitFor(async () => {
    await lab.must(`tail -n 1 ${AUDIT}.1 >>${AUDIT}`);
    expect(reader.exitCode).toBe(0);
  }, SOON);
  expect(followers()).toEqual([]);
});
