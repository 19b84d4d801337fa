// A login inside a pty of afkill's: the notice leaves no trace, the answering key goes no further, the last key counts to the moment.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { aliveAfter, atPrompt, expectEndOnTime, LIMIT_S, policyOfSeconds, type } from "../support/logins.ts";

const policy = policyOfSeconds('[[rule]]\nmatch = { users = ["still"] }\nmouse_motion = false');
/** The mouse moves without a button, in the encoding that programs ask for today (xterm's ctlseqs, SGR). */
const MOTION = "\x1b[<35;10;10M";

// The second's clients make keystrokes up beside what their terminals send.
describe.concurrent.each(releases)("a wrapped login with $name", (release) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ release, hook: "force-command", flags: "--wrap", policy });
  });
  afterAll(() => lab?.stop());

  test("is warned and ended", async () => {
    await lab.addUser("idler");
    const ssh = await atPrompt(lab, "idler");
    const lastKeyAt = type(ssh, "x");
    await ssh.waitFor(/^afkill: closes in \d+ s, press a key/);
    await expectEndOnTime(ssh, lastKeyAt);
    expect(ssh.output).toContain("closed by remote host");
  });

  test("is kept by a key that its program does not get, and has its screen back", async () => {
    await lab.addUser("reader");
    const ssh = await atPrompt(lab, "reader");
    ssh.write("clear; seq 1 30; echo mark\r");
    await ssh.waitFor(/^mark\n.*\$ ?$/m);
    const before = ssh.screen();
    await ssh.waitFor(/^afkill: closes in/);
    ssh.write("q");
    await ssh.waitFor(/^afkill: your login stays/);
    await ssh.waitFor(() => ssh.screen() === before);
    ssh.write("echo a''fter\r");
    await ssh.waitFor(/^after/m);
  });

  test.each([
    ["keeps", "mover"],
    ["does not keep", "still"],
  ])("a mouse that moves %s it, as its policy says", async (_, user) => {
    await lab.addUser(user);
    const ssh = await atPrompt(lab, user);
    const lastKeyAt = type(ssh, "stty raw -echo; echo ready; cat >/dev/null\r");
    await ssh.waitFor(/^ready/m);
    const mouse = setInterval(() => ssh.write(MOTION), 1000);
    try {
      if (user === "still") await expectEndOnTime(ssh, lastKeyAt);
      else expect(await aliveAfter(ssh, 2 * LIMIT_S)).toBe(true);
    } finally {
      clearInterval(mouse);
    }
  });
});
