// Programs that own the terminal: an idle login in them ends, its user's own terminal is sane afterwards.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { atPrompt, expectEndOnTime, policyOfSeconds, type } from "./support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
});
afterAll(() => lab.stop());

/** Everything about a terminal that a program may have left behind. */
function stateOf({ terminal, output }: Ssh) {
  return {
    screen: terminal.buffer.active.type,
    cursorShown: output.lastIndexOf("\u001b[?25h") >= output.lastIndexOf("\u001b[?25l"),
    mouse: terminal.modes.mouseTrackingMode,
    focusReports: terminal.modes.sendFocusMode,
    bracketedPaste: terminal.modes.bracketedPasteMode,
    applicationCursorKeys: terminal.modes.applicationCursorKeysMode,
    insert: terminal.modes.insertMode,
  };
}
const SANE = {
  screen: "normal",
  cursorShown: true,
  mouse: "none",
  focusReports: false,
  bracketedPaste: false,
  applicationCursorKeys: false,
  insert: false,
};

interface Case {
  readonly name: string;
  readonly command: string;
  /** What its screen shows once it runs. */
  readonly ready: RegExp;
  readonly notice: RegExp;
}

const BAR = /^afkill: closes in \d+ s, press a key/;
const ABOVE = /^afkill: closes in \d+ s, press (a key|Enter) to stay/m;
const cases: readonly Case[] = [
  { name: "shell", command: "true", ready: /\$ ?$/m, notice: ABOVE },
  { name: "top", command: "top -d 5", ready: /load average/, notice: /afkill: closes/ },
  { name: "fasttop", command: "top -d 0.1", ready: /load average/, notice: /afkill: closes/ },
  { name: "sudotop", command: "sudo top -d 1", ready: /load average/, notice: /afkill: closes/ },
  { name: "htop", command: "htop", ready: /Load average/, notice: /afkill: closes/ },
  { name: "less", command: "less /etc/services", ready: /services/, notice: BAR },
  { name: "tmux", command: "tmux", ready: /\[0\] 0:/, notice: BAR },
  { name: "python", command: "python3 -q", ready: />>> /, notice: ABOVE },
  { name: "sleeper", command: "sleep 1000", ready: /sleep 1000/, notice: ABOVE },
];

describe.concurrent("an idle login in", () => {
  test.each(cases)("$name ends, and leaves a sane terminal", async ({ name, command, ready, notice }) => {
    await lab.addUser(name, { sudo: true });
    const ssh = await atPrompt(lab, name);
    const lastKeyAt = type(ssh, `${command}\r`);
    await ssh.waitFor(ready);
    await ssh.waitFor(notice);
    await expectEndOnTime(ssh, lastKeyAt);
    expect(ssh.screen()).toMatch(/afkill: login of \w+ closed at/);
    expect(ssh.output).toContain("closed by remote host");
    expect(stateOf(ssh)).toEqual(SANE);
  });

  test("vim keeps its cursor under the notice, leaves its swap file, and a sane terminal", async () => {
    await lab.addUser("editor");
    const ssh = await atPrompt(lab, "editor");
    ssh.write("vim -u NONE -c 'set mouse=a' draft\r");
    await ssh.waitFor(/~/);
    const lastKeyAt = type(ssh, "ione\rtwo\rthree\u001b");
    await ssh.waitFor(/three/);
    await ssh.waitFor(() => ssh.terminal.buffer.active.type === "alternate");
    await ssh.waitFor(
      () => ssh.terminal.buffer.active.cursorY === 2 && ssh.terminal.buffer.active.cursorX === 4,
    );
    await ssh.waitFor(BAR);
    expect(ssh.terminal.buffer.active.cursorY).toBe(2);
    expect(ssh.terminal.buffer.active.cursorX).toBe(4);
    expect(ssh.screen()).toMatch(/\ntwo\nthree\n/);
    await expectEndOnTime(ssh, lastKeyAt);
    expect(stateOf(ssh)).toEqual(SANE);
    expect(await lab.must("ls -A /home/editor")).toContain(".draft.swp");
  });

  test("vim has its screen back after the notice was answered", async () => {
    await lab.addUser("answerer");
    const ssh = await atPrompt(lab, "answerer");
    ssh.write("vim -u NONE draft\r");
    await ssh.waitFor(/~/);
    ssh.write("ione\rtwo\u001b");
    await ssh.waitFor(/two/);
    await ssh.waitFor(BAR);
    ssh.write("k");
    await ssh.waitFor(/^afkill: your login stays/);
    await ssh.waitFor(/^one\ntwo\n~/);
    ssh.kill();
  });
});
