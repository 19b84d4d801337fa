// The hooks that run as the user do the main job as well, and a login has one watchdog however many are installed.
import { describe, expect, test, vi } from "vitest";
import { type Hook, startLab } from "../lab/lab.ts";
import { watchdogs } from "../support/hooks.ts";
import { atPrompt, expectEndOnTime, policyOfSeconds, SOON, timesPrinted, type } from "../support/logins.ts";

describe.concurrent.each<Hook>(["force-command", "profile"])("with the hook %s", (hook) => {
  test("an idle login is warned twice, kept by a key, and ended, by a watchdog that runs as the user", async () => {
    await using lab = await startLab({ hook, policy: policyOfSeconds() });
    await lab.addUser("idler");
    const ssh = await atPrompt(lab, "idler");
    const watchdog = () =>
      lab.processes().find(({ cmdline }) => cmdline.some((word) => word.endsWith("/watchdog")));
    await ssh.waitFor(() => watchdog() !== undefined);
    expect(watchdog()?.user).toBe("idler");
    type(ssh, "\r");
    await ssh.waitFor(/closes in \d+ s, press a key/);
    const answeredAt = type(ssh, "x");
    await ssh.waitFor(/your login stays/);
    await expectEndOnTime(ssh, answeredAt);
    expect(timesPrinted(ssh, /afkill: closes in/)).toBe(3);
    expect(ssh.output).toContain("closed by remote host");
    await vi.waitFor(async () => expect(await lab.syslog()).toMatch(/afkill.*action=end user=idler/), SOON);
  });
});

test("all three hooks together give a login one watchdog, root's", async () => {
  await using lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
  await lab.install("force-command");
  await lab.install("profile");
  await lab.addUser("idler");
  const ssh = await atPrompt(lab, "idler");
  const lastKeyAt = type(ssh, "\r");
  await ssh.waitFor(/closes in/);
  expect(watchdogs(lab).map(({ user }) => user)).toEqual(["root"]);
  await expectEndOnTime(ssh, lastKeyAt);
  expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);
});
