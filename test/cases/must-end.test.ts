// Must end, on time: whatever program an idle user sits in. Their own terminal is sane afterwards.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { atPrompt, expectEndOnTime, policyOfSeconds, type } from "../support/logins.ts";
import { SANE, stateOf } from "../support/sane.ts";

interface Program {
  readonly name: string;
  readonly user: string;
  readonly command: string;
  /** What its screen shows once it runs. */
  readonly ready: RegExp;
  readonly notice: RegExp;
}

const BAR = /^afkill: closes in \d+ s, press a key/;
const ABOVE = /^afkill: closes in \d+ s, press (a key|Enter) to stay/m;
const ANYWHERE = /afkill: closes/;
const programs: readonly Program[] = [
  { name: "an idle shell", user: "shell", command: "true", ready: /\$ ?$/m, notice: ABOVE },
  { name: "an idle less", user: "less", command: "less /etc/login.defs", ready: /login/, notice: BAR },
  {
    name: "an idle top (output each second)",
    user: "top",
    command: "top -d 1",
    ready: /load average/,
    notice: ANYWHERE,
  },
  {
    name: "an idle top (fifty screens a second)",
    user: "fasttop",
    command: "top -d 0.02",
    ready: /load average/,
    notice: ANYWHERE,
  },
  {
    name: "an idle top under sudo",
    user: "sudotop",
    command: "sudo top -d 1",
    ready: /load average/,
    notice: ANYWHERE,
  },
  { name: "an idle htop", user: "htop", command: "htop", ready: /Load average/, notice: ANYWHERE },
  { name: "an idle tmux", user: "tmux", command: "tmux", ready: /\[0\] 0:/, notice: BAR },
  { name: "an idle python", user: "python", command: "python3 -q", ready: />>> /, notice: ABOVE },
  { name: "an idle sleep", user: "sleeper", command: "sleep 1000", ready: /sleep 1000/, notice: ABOVE },
  { name: "an idle cat", user: "cat", command: "cat", ready: /\$ cat$/m, notice: ABOVE },
];

describe("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
    });
    afterAll(() => lab?.stop());

    test.each(programs)("$name", async ({ user, command, ready, notice }) => {
      await lab.addUser(user, { sudo: true });
      const ssh = await atPrompt(lab, user);
      const lastKeyAt = type(ssh, `${command}\r`);
      await ssh.waitFor(ready);
      await ssh.waitFor(notice);
      await expectEndOnTime(ssh, lastKeyAt);
      expect(ssh.screen()).toMatch(/afkill: login of \w+ closed at/);
      expect(ssh.output).toContain("closed by remote host");
      expect(stateOf(ssh)).toEqual(SANE);
    });

    test("an idle vim, which keeps its cursor under the notice, and leaves its swap file", async () => {
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

    test("an idle vim whose user answered a notice, once they idle again; until then it has its screen back", async () => {
      await lab.addUser("answerer");
      const ssh = await atPrompt(lab, "answerer");
      ssh.write("vim -u NONE draft\r");
      await ssh.waitFor(/~/);
      ssh.write("ione\rtwo\u001b");
      await ssh.waitFor(/two/);
      await ssh.waitFor(BAR);
      const answeredAt = type(ssh, "k");
      await ssh.waitFor(/^afkill: your login stays/);
      await ssh.waitFor(/^one\ntwo\n~/);
      await expectEndOnTime(ssh, answeredAt);
    });
  });
});
