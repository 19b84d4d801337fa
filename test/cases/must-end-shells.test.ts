// Must end, on time: whatever shell an idle user has, and whatever they became in it.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { atPrompt, auditWithEnd, expectEndOnTime, policyOfSeconds, SOON, type } from "../support/logins.ts";

const shells = ["bash", "dash", "zsh", "fish", "csh"];

describe("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({
        release,
        hook: "pam",
        // A key of root's keeping works where there is no home.
        sshd: "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys",
        policy: `${policyOfSeconds()}
[[rule]]
match = { users = ["tunnel"] }
no_terminal = "20s"
`,
      });
      await lab.must("echo root:secret | chpasswd");
    });
    afterAll(() => lab?.stop());

    const processesOf = (user: string) => lab.processes().filter((it) => it.user === user);

    test.each(shells)("a user with %s as login shell", async (shell) => {
      await lab.addUser(`of${shell}`, { shell: `/bin/${shell}` });
      const ssh = await atPrompt(lab, `of${shell}`);
      const lastKeyAt = type(ssh, "echo here\r");
      await ssh.waitFor(/^here/m);
      await ssh.waitFor(/afkill: closes in \d+ s, press (a key|Enter) to stay/);
      await expectEndOnTime(ssh, lastKeyAt);
      await vi.waitFor(() => expect(processesOf(`of${shell}`)).toEqual([]), SOON);
    });

    test("a user whose home is gone", async () => {
      await lab.addUser("homeless");
      await lab.must("install -D -m 644 /root/.ssh/id_ed25519.pub /etc/ssh/keys/homeless");
      await lab.must("rm -r /home/homeless");
      const ssh = await atPrompt(lab, "homeless");
      await expectEndOnTime(ssh, type(ssh, "pwd\r"));
      expect(ssh.output).toContain("/home/homeless: No such file");
    });

    test("a user whose home goes while they are in it", async () => {
      await lab.addUser("evicted");
      const ssh = await atPrompt(lab, "evicted");
      await lab.must("rm -r /home/evicted");
      await expectEndOnTime(ssh, type(ssh, "ls\r"));
    });

    test("a foreground job in sudo -i", async () => {
      await lab.addUser("admin", { sudo: true });
      const ssh = await atPrompt(lab, "admin");
      ssh.write("sudo -i\r");
      await ssh.waitFor(/root@lab/);
      const lastKeyAt = type(ssh, "exec sleep 4324\r");
      await ssh.waitFor(/afkill: closes in \d+ s, press a key to stay/);
      await expectEndOnTime(ssh, lastKeyAt);
      await vi.waitFor(() => expect(leftOf("4324")).toEqual([]), SOON);
    });

    test("a foreground job in su -", async () => {
      await lab.addUser("becomer");
      const ssh = await atPrompt(lab, "becomer");
      ssh.write("su -\r");
      await ssh.waitFor(/Password:/);
      ssh.write("secret\r");
      await ssh.waitFor(/root@lab/);
      const lastKeyAt = type(ssh, "exec sleep 4325\r");
      await ssh.waitFor(/afkill: closes in \d+ s, press Enter to stay/);
      await expectEndOnTime(ssh, lastKeyAt);
      await vi.waitFor(() => expect(leftOf("4325")).toEqual([]), SOON);
    });

    test("a login inside a login (ssh to localhost from the shell), both of them", async () => {
      await lab.addUser("outer");
      await lab.addUser("inner");
      await lab.must("ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519", { user: "outer" });
      await lab.must("cat /home/outer/.ssh/id_ed25519.pub >>/home/inner/.ssh/authorized_keys");
      const ssh = await atPrompt(lab, "outer");
      ssh.write("ssh -o StrictHostKeyChecking=no inner@localhost\r");
      await ssh.waitFor(/inner@lab/);
      const lastKeyAt = type(ssh, "x");
      await expectEndOnTime(ssh, lastKeyAt);
      expect((await auditWithEnd(lab, "outer")).at(-1)).toMatchObject({ ended: true });
      const inner = (await auditWithEnd(lab, "inner")).find(({ action }) => action === "end");
      expect(inner).toMatchObject({ ended: true, lastActivity: "input: a key" });
      await vi.waitFor(() => expect(processesOf("inner")).toEqual([]), SOON);
    });

    test("-N that forwards nothing under a no_terminal limit", async () => {
      await lab.addUser("tunnel");
      const startedAt = performance.now();
      const ssh = lab.ssh("tunnel", ["-N", "-L", "7002:127.0.0.1:7000"]);
      await expectEndOnTime(ssh, startedAt);
      expect(ssh.output).toContain("closed by remote host");
      expect((await auditWithEnd(lab, "tunnel")).at(-1)).toMatchObject({ action: "end", terminals: [] });
    });

    const leftOf = (seconds: string) => lab.processes().filter(({ cmdline }) => cmdline[1] === seconds);
  });
});
