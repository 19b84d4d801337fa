// What a user's own processes, and other users, try against a lock on a real sshd: nobody gets in without the password, and nobody learns it.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { addUserWithPassword, LOCKED } from "../support/lock.ts";
import { atPrompt } from "../support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: 'idle_timeout = "30m"\nat_limit = "lock"\n' });
});
afterAll(() => lab?.stop());

const SECRET = "correct horse";

/** A login of a user whose terminal is attacked from within, and then locked. */
async function attacked(user: string, attack: string): Promise<Ssh> {
  await addUserWithPassword(lab, user);
  const ssh = await atPrompt(lab, user);
  ssh.write(`clear; python3 ${lab.checkout}/test/lab/lock-attacks.py ${attack}\r`);
  await ssh.waitFor(/ready/);
  await sleep(2_000);
  ssh.write("\r");
  console.log(attack, await lab.must(`afkill lock ${user}; true`));
  await sleep(4_000);
  return ssh;
}

const stolen = async (user: string) => {
  const path = `/home/${user}/stolen`;
  return existsSync(lab.root + path) ? await lab.read(path) : "";
};

async function typeSlowly(ssh: Ssh, text: string) {
  for (const key of text) {
    ssh.write(key);
    await sleep(150);
  }
}

describe.concurrent("attacks", () => {
  test.each([
    ["discipline", "discipline &"],
    ["foreground", "foreground &"],
    ["deadthread", "dead_thread"],
    ["inflight", "in_flight"],
    ["othertty", "other_terminal"],
    ["tracer", "tracer"],
    ["many", "many &"],
  ])("%s", async (user, attack) => {
    const ssh = await attacked(user, attack);
    console.log(user, "after the lock\n", ssh.screen());
    await typeSlowly(ssh, `\r`);
    await sleep(2000);
    console.log(user, "after Enter\n", ssh.screen());
    await typeSlowly(ssh, SECRET);
    console.log(user, "after typing\n", ssh.screen(), "\nSTOLEN", JSON.stringify(await stolen(user)));
    await sleep(8000);
    console.log(user, "later\n", ssh.screen(), JSON.stringify((await lab.audit()).filter((it) => it.user === user).map(({ action, cause, outcome, reason }) => [action, cause, outcome, reason])));
    expect(LOCKED.test(ssh.screen())).toBe(true);
  });
});
