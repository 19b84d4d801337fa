// What a user's own processes try against a lock of their terminal, on a real sshd: nobody gets in without the password or learns it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { addUserWithPassword, auditWith, LOCKED, stoppedOf, unlock, waitForLock } from "../support/lock.ts";
import { aliveAfter, atPrompt, auditWithEnd } from "../support/logins.ts";

const POLICY = `idle_timeout = "30m"
warn_before = ["5s"]
at_limit = "lock"
[[rule]]
match = { users = ["tracer", "thread"] }
idle_timeout = "20s"
`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: POLICY });
});
afterAll(() => lab?.stop());

/** A login of a user on whose terminal an attack is in place. */
async function attacked(user: string, attack: string): Promise<Ssh> {
  await addUserWithPassword(lab, user);
  const ssh = await atPrompt(lab, user);
  ssh.write(`clear; python3 ${lab.checkout}/test/lab/lock-attacks.py ${attack}\r`);
  await ssh.waitFor(/ready/);
  await aliveAfter(ssh, 2);
  return ssh;
}

describe.concurrent("a lock of a terminal", () => {
  test("that a background job takes the line discipline from stays locked, and works afterwards", async () => {
    const ssh = await attacked("discipline", "discipline &");
    await lab.must("afkill lock discipline");
    await ssh.waitFor(LOCKED);
    await aliveAfter(ssh, 12);
    expect(ssh.screen()).toMatch(LOCKED);
    expect(stoppedOf(lab, "discipline")).not.toEqual([]);
    await unlock(ssh);
    ssh.write("echo alive-$((6 * 7))\r");
    await ssh.waitFor(/^alive-42/m);
  });

  test.each([
    ["front", "foreground &"],
    ["other", "other_terminal"],
  ])("that a process reads whom nobody sees asks for no password: %s", async (user, attack) => {
    const ssh = await attacked(user, attack);
    await lab.must(`afkill lock ${user}`);
    await ssh.waitFor(/No password is asked/);
    await lab.must(`afkill unlock ${user}`);
    await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
  });

  test.each([
    ["tracer", "tracer"],
    ["thread", "dead_thread"],
  ])("whose program cannot be stopped is none: it ends at its limit: %s", async (user, attack) => {
    const ssh = await attacked(user, attack);
    await ssh.exit;
    const audit = await auditWithEnd(lab, user);
    expect(audit.find(({ action }) => action === "lock")?.outcome).toMatch(
      /^not locked: .*cannot be stopped/,
    );
    expect(audit.at(-1)).toMatchObject({ action: "end", cause: "idle", ended: true });
  });

  test("whose program is let continue after it stands asks for no password", async () => {
    await addUserWithPassword(lab, "later");
    const ssh = await atPrompt(lab, "later");
    ssh.write("(while sleep 0.02; do [ ! -e go ] || kill -CONT $$; done) & clear\r");
    await aliveAfter(ssh, 2);
    await lab.must("afkill lock later");
    await waitForLock(ssh);
    await lab.must("touch /home/later/go");
    await ssh.waitFor(/No password is asked/);
    expect((await auditWith(lab, "later", "lock")).at(-1)?.outcome).toBe("locked");
  });
});
