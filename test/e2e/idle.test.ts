// The main job with the default hook: an idle login is warned and ended, an answered one stays.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import {
  aliveAfter,
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  SOON,
  timesPrinted,
  type,
} from "./support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    hook: "pam",
    policy: `${policyOfSeconds('message = "Ask the help desk"')}
[exempt]
groups = ["noidle"]

[[rule]]
match = { users = ["oldtimer"] }
idle_timeout = "off"
max_login = "25s"
`,
  });
});
afterAll(() => lab.stop());

describe.concurrent("an idle login", () => {
  test("is warned twice and ended, and the audit tells it right", async () => {
    await lab.addUser("idler");
    const ssh = await atPrompt(lab, "idler");
    const lastKeyAt = type(ssh, "half a line");
    await ssh.waitFor(/afkill: closes in \d+ s, press a key to stay/);
    expect(ssh.screen()).toMatch(/idler: idle for \d+ s, this login ends at \d\d:\d\d/);
    expect(ssh.screen()).toContain("Ask the help desk");
    // The line being typed is still the last one, below the notice.
    expect(ssh.screen().trimEnd()).toMatch(/half a line$/);
    await expectEndOnTime(ssh, lastKeyAt);
    expect(ssh.output).toMatch(/afkill: login of idler closed at \d\d:\d\d: idle for 2\d s/);
    expect(ssh.output).toMatch(/closed by remote host/);
    expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);

    const audit = await auditWithEnd(lab, "idler");
    expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
    expect(audit.map(({ outcome }) => outcome).slice(0, 2)).toEqual(["given", "given"]);
    expect(audit.at(-1)).toMatchObject({
      user: "idler",
      client: "127.0.0.1",
      rule: "top level",
      limitSeconds: LIMIT_S,
      lastActivity: "input: a key",
    });
    expect(audit.at(-1)?.terminals).toEqual([expect.stringMatching(/^pts\/\d+$/)]);
    expect(audit.at(-1)?.idleSeconds).toBeGreaterThanOrEqual(LIMIT_S);
    expect(audit.at(-1)?.idleSeconds).toBeLessThan(LIMIT_S + 5);
    await vi.waitFor(async () => expect(await lab.syslog()).toMatch(/afkill.*action=end user=idler/), SOON);
    expect(lab.processes().filter(({ user }) => user === "idler")).toEqual([]);
  });

  test("is kept a full limit longer by a key after the notice, and its user is told", async () => {
    await lab.addUser("reader");
    const ssh = await atPrompt(lab, "reader");
    type(ssh, "\r");
    await ssh.waitFor(/closes in/);
    const answeredAt = type(ssh, "x");
    await ssh.waitFor(/afkill: your login stays \(you pressed a key\)/);
    await expectEndOnTime(ssh, answeredAt);
    const actions = (await auditWithEnd(lab, "reader")).map(({ action }) => action);
    expect(actions).toEqual(["notice", "stay", "notice", "notice", "end"]);
  });

  test("of an exempt user is left alone, until they leave the group", async () => {
    await lab.addUser("exempted");
    await lab.must("groupadd -f noidle && usermod -aG noidle exempted");
    const ssh = await atPrompt(lab, "exempted");
    expect(await aliveAfter(ssh, 2.5 * LIMIT_S)).toBe(true);
    expect(ssh.output).not.toContain("afkill");
    await lab.must("gpasswd -d exempted noidle");
    await ssh.waitFor(/closes in/);
    await ssh.exit;
    expect(ssh.output).toContain("closed by remote host");
  });

  test("is ended by max_login though its user types, with notices that say so", async () => {
    await lab.addUser("oldtimer");
    const ssh = await atPrompt(lab, "oldtimer");
    const typing = setInterval(() => ssh.write("x"), 1000);
    await ssh.waitFor(/closes in \d+ s, no key keeps it/);
    await ssh.exit;
    clearInterval(typing);
    const audit = await auditWithEnd(lab, "oldtimer");
    expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
    expect(audit.at(-1)?.reason).toMatch(/lasted 2\d s, the most allowed is 25 s/);
  });

  test("that is typed in is never disturbed", async () => {
    await lab.addUser("typist");
    const ssh = await atPrompt(lab, "typist");
    const typing = setInterval(() => ssh.write("x"), 4000);
    expect(await aliveAfter(ssh, 2.5 * LIMIT_S)).toBe(true);
    clearInterval(typing);
    expect(ssh.output).not.toContain("afkill");
    ssh.kill();
  });

  test("that is read by nobody, typed into a program that sleeps, counts as typed in", async () => {
    await lab.addUser("blind");
    const ssh = await atPrompt(lab, "blind");
    ssh.write("sleep 1000\r");
    const typing = setInterval(() => ssh.write("x\r"), 4000);
    expect(await aliveAfter(ssh, 2.5 * LIMIT_S)).toBe(true);
    clearInterval(typing);
    ssh.kill();
  });
});

test("ten logins that idle together all end on time, and a dormant watchdog is sh and sleep, not Node", async () => {
  await lab.addUser("crowd");
  const crowd = await Promise.all(Array.from({ length: 10 }, () => atPrompt(lab, "crowd")));
  const lastKeyAt = crowd.map((ssh) => type(ssh, "x"));
  const watchdogs = lab
    .processes()
    .filter(({ cmdline }) => cmdline.some((word) => word.endsWith("/watchdog")));
  expect(watchdogs.length).toBeGreaterThanOrEqual(10);
  const theirs = new Set(watchdogs.map(({ pid }) => pid));
  const children = lab.processes().filter(({ ppid }) => theirs.has(ppid));
  expect(lab.nodes()).toEqual([]);
  expect([...new Set(children.map(({ comm }) => comm))]).toEqual(["sleep"]);
  expect(children.length).toBeGreaterThanOrEqual(10);
  await Promise.all(crowd.map((ssh, n) => expectEndOnTime(ssh, lastKeyAt[n] ?? 0)));
});
