// A login has one guard: a command beside a wrapped terminal starts a watchdog, which must leave the login to the wrap while there is one.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { watchdogs } from "../support/hooks.ts";
import {
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";

const policy = policyOfSeconds(
  `no_terminal = "1h"\n[[rule]]\nmatch = { users = ["left"] }\nno_terminal = "${LIMIT_S}s"`,
);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "force-command", flags: "--wrap", policy });
});
afterAll(() => lab?.stop());

/** A wrapped login that `user` runs commands beside, over the same connection: the options for those. */
async function loginBeside(user: string): Promise<{ ssh: Ssh; beside: string }> {
  await lab.addUser(user);
  const path = `ControlPath=/tmp/master-${user}`;
  const ssh = await atPrompt(lab, user, ["-tt", "-o", "ControlMaster=yes", "-o", path]);
  return { ssh, beside: `-o ${path} ${user}@lab` };
}

const watchdogsOf = (user: string) => watchdogs(lab).filter((it) => it.user === user);

/** What was done to a login, by whichever guard: those that run as its user tell syslog only. */
async function actionsOf(user: string, on = lab): Promise<string[]> {
  return [...(await on.syslog()).matchAll(/ action=(\S+) user=(\S+) /g)].flatMap(([, action = "", of]) =>
    of === user ? [action] : [],
  );
}

describe.concurrent("a wrapped login", () => {
  test("is warned and ended by its wrap alone where a command has run beside it", async () => {
    const { ssh, beside } = await loginBeside("ran");
    await lab.must(`ssh ${beside} true`);
    const lastKeyAt = type(ssh, "x");
    await expectEndOnTime(ssh, lastKeyAt);
    await vi.waitFor(async () => expect(await actionsOf("ran")).toContain("end"), SOON);
    expect(await actionsOf("ran")).toEqual(["notice", "notice", "end"]);
  });

  test("whose command beside it runs on loses its terminal alone, and its status is the command's", async () => {
    const { ssh, beside } = await loginBeside("runs");
    const command = lab.run(`ssh ${beside} 'sleep ${2 * LIMIT_S}; exit 42'`);
    await vi.waitFor(() => expect(watchdogsOf("runs")).toHaveLength(1), SOON);
    const lastKeyAt = type(ssh, "x");
    await vi.waitFor(async () => expect(await actionsOf("runs")).toContain("hang-up"), {
      timeout: 60_000,
      interval: 200,
    });
    expect(performance.now() - lastKeyAt).toBeGreaterThanOrEqual(LIMIT_S * 1000);
    expect(await command).toMatchObject({ status: 42 });
    expect(await actionsOf("runs")).toEqual(["notice", "notice", "hang-up"]);
    await ssh.exit;
  });

  test("that its wrap has left is guarded by the watchdog of a command beside it", async () => {
    const { ssh, beside } = await loginBeside("left");
    const command = lab.run(`ssh ${beside} 'sleep 1000'`);
    await vi.waitFor(() => expect(watchdogsOf("left")).toHaveLength(1), SOON);
    ssh.write("exit\r");
    await command;
    await vi.waitFor(async () => expect(await actionsOf("left")).toContain("end"), SOON);
    expect(await actionsOf("left")).toEqual(["notice", "notice", "end"]);
    await ssh.exit;
  });

  test("is warned and ended by root's watchdog alone where there is one", async () => {
    await using both = await startLab({ hook: "force-command", flags: "--wrap", policy });
    await both.install("pam");
    await both.addUser("two");
    const ssh = await atPrompt(both, "two");
    const lastKeyAt = type(ssh, "x");
    await expectEndOnTime(ssh, lastKeyAt);
    await auditWithEnd(both, "two");
    expect(await actionsOf("two", both)).toEqual(["notice", "notice", "end"]);
  });
});
