// Terminals that lock at the limit, on a real sshd with real PAM: what the user sees, types and gets back.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import {
  addUserWithPassword,
  answer,
  auditWith,
  LOCKED,
  seenOn,
  stoppedOf,
  unlock,
  waitForLock,
} from "../support/lock.ts";
import {
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";

const POLICY = `${policyOfSeconds('at_limit = "lock"\nlock_max = "10m"\nno_terminal = "20s"\nactivity = ["input"]')}
[[rule]]
match = { users = ["brief"] }
lock_max = "20s"
[[rule]]
match = { users = ["guesser"] }
lock_tries = 2
[[rule]]
match = { users = ["hand", "other"] }
idle_timeout = "30m"
`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: POLICY });
});
afterAll(() => lab?.stop());

describe.concurrent("a terminal that locks", () => {
  test("half a line at the prompt: a wrong answer and keys change nothing, the right one gives all back", async () => {
    await addUserWithPassword(lab, "alice");
    const ssh = await atPrompt(lab, "alice");
    ssh.write("echo half-\u0001\u0005");
    await ssh.waitFor(/echo half-$/m);
    await ssh.waitFor(/afkill: locks in/);
    await waitForLock(ssh);
    expect(ssh.screen()).not.toContain("half-");
    expect(ssh.screen()).toContain("alice");
    ssh.write("\u0003\u001a\u001c\u0013\u001b[<0;5;5M\u001b[200~pasted\u001b[201~");
    await answer(ssh, "\u0015wrong");
    await auditWith(lab, "alice", "wrong-answer");
    expect(ssh.screen()).not.toMatch(/wrong\b(?! answer)|pasted|half-/);
    await waitForLock(ssh);
    await unlock(ssh);
    await ssh.waitFor(/echo half-$/m);
    expect(stoppedOf(lab, "alice")).toEqual([]);
    ssh.write("whole\r");
    await ssh.waitFor(/^half-whole/m);
    const audit = await auditWith(lab, "alice", "unlock");
    expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "lock", "wrong-answer", "unlock"]);
    expect(audit.at(-1)).toMatchObject({ cause: "password" });
    expect(JSON.stringify(audit)).not.toMatch(/correct horse|wrong\\r/);
  });

  test("vim comes back cell for cell, with its cursor and modes", async () => {
    await addUserWithPassword(lab, "vera");
    const ssh = await atPrompt(lab, "vera");
    ssh.write("seq 100 >n; vim -N -u NONE -i NONE -c 'set mouse=a' n\r");
    await ssh.waitFor(/^~?\s*23$/m);
    ssh.write("5jv2l");
    await ssh.waitFor(/-- VISUAL --/);
    const before = seenOn(ssh);
    await waitForLock(ssh);
    expect(ssh.screen()).not.toContain("VISUAL");
    await unlock(ssh);
    await vi.waitFor(() => expect(seenOn(ssh)).toEqual(before), { timeout: 10_000, interval: 100 });
    ssh.write("\u001b:q!\r");
    await ssh.waitFor(/[$] $/m);
  });

  test("closes after lock_max, and after too many wrong answers", async () => {
    await addUserWithPassword(lab, "brief");
    await addUserWithPassword(lab, "guesser");
    const [brief, guesser] = await Promise.all([atPrompt(lab, "brief"), atPrompt(lab, "guesser")]);
    await Promise.all([waitForLock(brief), waitForLock(guesser)]);
    await answer(guesser, "one");
    await auditWith(lab, "guesser", "wrong-answer");
    await waitForLock(guesser);
    await answer(guesser, "two");
    await Promise.all([brief.exit, guesser.exit]);
    expect((await auditWithEnd(lab, "brief")).at(-1)).toMatchObject({
      action: "end",
      cause: "lock_max",
      ended: true,
    });
    expect((await auditWithEnd(lab, "guesser")).at(-1)).toMatchObject({
      action: "end",
      cause: "lock_tries",
      ended: true,
    });
    expect([...stoppedOf(lab, "brief"), ...stoppedOf(lab, "guesser")]).toEqual([]);
  });

  test("a user without a password unlocks from a second login, and nobody else's login does", async () => {
    await lab.addUser("keys");
    await lab.addUser("mallory");
    const ssh = await atPrompt(lab, "keys");
    ssh.write("tty\r");
    await ssh.waitFor(/^\/dev\/pts\/\d+/m);
    const terminal = /^\/dev\/(pts\/\d+)/m.exec(ssh.screen())?.[1];
    await ssh.waitFor(LOCKED);
    expect(ssh.screen()).toContain(`afkill unlock ${terminal}`);
    const other = await atPrompt(lab, "mallory");
    other.write(`afkill unlock ${terminal}; echo status=$?\r`);
    await other.waitFor(/^status=1/m);
    expect(ssh.screen()).toMatch(LOCKED);
    const second = await atPrompt(lab, "keys");
    second.write(`afkill unlock ${terminal}; echo status=$?\r`);
    await second.waitFor(/^status=0/m);
    await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
    expect((await auditWith(lab, "keys", "unlock")).at(-1)).toMatchObject({
      action: "unlock",
      cause: "login",
    });
  });

  test("by hand: by its user at once, by an administrator, who unlocks it too", async () => {
    await addUserWithPassword(lab, "hand");
    const ssh = await atPrompt(lab, "hand");
    ssh.write("afkill lock; echo status=$?\r");
    await waitForLock(ssh);
    await unlock(ssh);
    await ssh.waitFor(/^status=0/m);
    await lab.must("afkill lock hand");
    await waitForLock(ssh);
    expect(await lab.must("afkill list")).toMatch(/hand .*locked/);
    await lab.must("afkill unlock hand");
    await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
    const causes = (await auditOf(lab, "hand")).map(({ action, cause }) => `${action} ${cause}`);
    expect(causes).toEqual(["lock user", "unlock password", "lock administrator", "unlock administrator"]);
  });

  test("a locker that is killed: the terminal works again, and locks again", async () => {
    await addUserWithPassword(lab, "loss");
    const ssh = await atPrompt(lab, "loss");
    ssh.write("tty\r");
    await ssh.waitFor(/^\/dev\/pts\/\d+/m);
    const number = /^\/dev\/pts\/(\d+)/m.exec(ssh.screen())?.[1];
    await waitForLock(ssh);
    await lab.must(`kill -KILL $(sed -n 's/^locker \\([0-9]*\\).*/\\1/p' /run/afkill/*/lock-${number})`);
    await ssh.waitFor(() => !LOCKED.test(ssh.screen()));
    expect(stoppedOf(lab, "loss")).toEqual([]);
    await waitForLock(ssh);
    await unlock(ssh);
    ssh.write("stty -a; tty\r");
    await ssh.waitFor(/ icanon .* echo |[^-]echo /m);
  });

  test("a background job goes on, and a login without a terminal ends as before", async () => {
    await addUserWithPassword(lab, "jobs");
    const ssh = await atPrompt(lab, "jobs");
    ssh.write("(while :; do date +%s.%N >now; sleep 0.2; done) & echo begun\r");
    const lastKeyAt = type(ssh, "");
    const tunnel = lab.ssh("jobs", ["-N", "-T"]);
    await waitForLock(ssh);
    const now = () => lab.read("/home/jobs/now");
    const before = await now();
    await vi.waitFor(async () => expect(await now()).not.toBe(before), SOON);
    await unlock(ssh);
    await expectEndOnTime(tunnel, lastKeyAt);
  });
});
