// A user who asks for their login to stay.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { aliveAfter, atPrompt, auditOf, auditWithEnd } from "../support/logins.ts";

const POLICY = `
idle_timeout = "12s"
warn_before = ["5s"]
max_stay = "30s"
[[rule]]
match = { users = ["never"] }
max_stay = "off"
`;
/** The limit, the rest of the kernel's 8-second bucket, and what a busy machine may take on top. */
const LATEST_S = 12 + 8 + 7;
// Without a directory: a user has no sbin in the PATH on Debian.
const afkill = "afkill";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ policy: POLICY, hook: "pam" });
  for (const user of ["anna", "bert", "carl", "dora", "never"]) await lab.addUser(user);
});
afterAll(() => lab?.stop());

const seconds = (from: number) => (performance.now() - from) / 1000;

describe.concurrent("a login", () => {
  test("stays as long as its user asked, and ends after a notice", async () => {
    const ssh = await atPrompt(lab, "anna");
    ssh.write(`${afkill} stay 25s\r`);
    const asked = performance.now();
    await ssh.waitFor(/your login stays until \d\d:\d\d/);
    await ssh.exit;
    // Its limit counts from the last look that saw it.
    expect(seconds(asked)).toBeGreaterThanOrEqual(25 + 5);
    expect(seconds(asked)).toBeLessThanOrEqual(25 + LATEST_S);
    const audit = await auditWithEnd(lab, "anna");
    expect(audit.find(({ action }) => action === "stay")).toMatchObject({
      cause: "user",
      reason: "its user asked for it",
      terminals: [expect.stringMatching(/^pts\/\d+$/)],
    });
    expect(audit.at(-1)?.lastActivity).toBe("stay: its user asked for it");
    expect(await lab.syslog()).toMatch(/stay of 25s asked for by uid \d+ on pts\/\d+/);
    // It went with its terminal, or within a slice after it.
    await ssh.waitFor(() => !lab.processes().some(({ comm, user }) => comm === "hold" && user === "anna"));
  });

  test("stays while a command runs, behind a shell of its own too, with the command's status", async () => {
    const ssh = await atPrompt(lab, "bert");
    ssh.write(`bash -c '${afkill} run -- sh -c "sleep 28; exit 23"'; echo "status=$?"\r`);
    const began = performance.now();
    await ssh.waitFor(/^status=\d+/m);
    expect(ssh.screen()).toMatch(/^status=23/m);
    expect(seconds(began)).toBeGreaterThanOrEqual(28);
    expect((await auditOf(lab, "bert")).map(({ reason }) => reason)).toContain("sh under afkill run");
  });

  test("stays no longer than the policy allows", async () => {
    const ssh = await atPrompt(lab, "carl");
    ssh.write(`${afkill} run sleep 1000\r`);
    const began = performance.now();
    await ssh.exit;
    expect(seconds(began)).toBeGreaterThanOrEqual(30 + 12);
    expect(seconds(began)).toBeLessThanOrEqual(30 + LATEST_S);
  });

  test("does not stay for who asks for too much, may not ask, or is in no login", async () => {
    const [dora, never] = await Promise.all([atPrompt(lab, "dora"), atPrompt(lab, "never")]);
    dora.write(`${afkill} stay 31s; echo "status=$?"\r`);
    await dora.waitFor(/^status=\d/m);
    expect(dora.screen()).toMatch(/allows at most 30s \(max_stay\), not 31s/);
    expect(dora.screen()).toMatch(/^status=1$/m);
    dora.write(`clear; ${afkill} stay soon; echo "status=$?"\r`);
    await dora.waitFor(/^status=2$/m);
    never.write(`${afkill} stay 5s; echo "status=$?"\r`);
    await never.waitFor(/max_stay is off/);
    const outside = await lab.run(`${afkill} stay 5s`, { user: "dora" });
    expect(outside).toMatchObject({ status: 1, stderr: expect.stringContaining("not inside an SSH login") });
    expect(await aliveAfter(dora, LATEST_S + 5)).toBe(false);
    expect(await aliveAfter(never, 5)).toBe(false);
  });
});
