// Must end, on time: what a user, or an accident, does to the processes of a login does not save it.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { atPrompt, auditWithEnd, expectEndOnTime, policyOfSeconds, SOON, type } from "../support/logins.ts";

describe("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
    });
    afterAll(() => lab?.stop());

    /** The pid of a user's child sshd, as the lab sees it. */
    const childOf = (user: string) =>
      lab.processes().find((it) => it.user === user && it.comm.startsWith("sshd"))?.pid ?? 0;

    const expectNothingLeft = (user: string) =>
      vi.waitFor(() => expect(lab.processes().filter((it) => it.user === user)).toEqual([]), SOON);

    test("a login whose privileged sshd was killed by root", async () => {
      await lab.addUser("orphaned");
      const ssh = await atPrompt(lab, "orphaned");
      const child = childOf("orphaned");
      const parent = lab.processes().find(({ pid }) => pid === child)?.ppid;
      // By its first check the watchdog has seen both sshds.
      await vi.waitFor(() => lab.must(`ls /run/afkill/${parent}-*/memory.json`), SOON);
      const lastKeyAt = type(ssh, "\r");
      await lab.must(`kill -KILL ${parent}`);
      await expectEndOnTime(ssh, lastKeyAt);
      expect((await auditWithEnd(lab, "orphaned")).at(-1)?.action).toBe("end");
      expect(childOf("orphaned")).toBe(0);
    });

    test("a login whose user stopped their own sshd child", async () => {
      await lab.addUser("stopper");
      const ssh = await atPrompt(lab, "stopper");
      const lastKeyAt = type(ssh, "kill -STOP $PPID\r");
      await expectEndOnTime(ssh, lastKeyAt);
      const end = (await auditWithEnd(lab, "stopper")).at(-1);
      expect(end?.action).toBe("end");
      expect(end?.outcome).toContain("SIGKILL");
      expect(childOf("stopper")).toBe(0);
    });

    test("a shell that traps the signals and is stopped", async () => {
      await lab.addUser("trapper");
      const ssh = await atPrompt(lab, "trapper");
      const lastKeyAt = type(ssh, "trap '' HUP TERM INT; (sleep 1; kill -STOP $$) & \r");
      await expectEndOnTime(ssh, lastKeyAt);
      const left = () => lab.processes().filter((it) => it.user === "trapper" && it.comm === "bash");
      await vi.waitFor(() => expect(left()).toEqual([]), SOON);
    });

    test("a stopped shell", async () => {
      await lab.addUser("halted");
      const ssh = await atPrompt(lab, "halted");
      await expectEndOnTime(ssh, type(ssh, "kill -STOP $$\r"));
      await expectNothingLeft("halted");
    });

    test.each([
      { name: "a shell that ignores every signal", user: "ignorer", action: "''" },
      { name: "a shell that traps every signal", user: "catcher", action: ":" },
    ])("$name", async ({ user, action }) => {
      await lab.addUser(user);
      const ssh = await atPrompt(lab, user);
      const trap = `for s in {1..64}; do trap ${action} $s 2>/dev/null; done`;
      // Not at its prompt, where it would see that its terminal is gone.
      const lastKeyAt = type(ssh, `${trap}; echo trap"ped"; while :; do sleep 1000; done\r`);
      await ssh.waitFor(/^trapped/m);
      await expectEndOnTime(ssh, lastKeyAt);
      const left = () => lab.processes().filter((it) => it.user === user && it.comm === "bash");
      await vi.waitFor(() => expect(left()).toEqual([]), SOON);
    });

    test("a login whose user stopped (SIGSTOP) every process they can", async () => {
      await lab.addUser("allstopper");
      const ssh = await atPrompt(lab, "allstopper");
      const lastKeyAt = type(ssh, "sleep 1000 & kill -STOP -1; kill -STOP $$\r");
      await expectEndOnTime(ssh, lastKeyAt);
      expect((await auditWithEnd(lab, "allstopper")).at(-1)).toMatchObject({ ended: true });
      expect(childOf("allstopper")).toBe(0);
    });

    test("a login whose user killed (SIGKILL) every process they can but the shell and its sshd", async () => {
      await lab.addUser("allkiller");
      const ssh = await atPrompt(lab, "allkiller");
      const lastKeyAt = type(
        ssh,
        "for p in $(ps -eo pid=); do [ $p = $$ ] || [ $p = $PPID ] || kill -KILL $p; done 2>/dev/null\r",
      );
      await expectEndOnTime(ssh, lastKeyAt);
      expect((await auditWithEnd(lab, "allkiller")).at(-1)).toMatchObject({ ended: true });
      await expectNothingLeft("allkiller");
    });

    test("a login whose user killed (SIGKILL) everything but the shell, with it their sshd: at once", async () => {
      await lab.addUser("ender");
      const ssh = await atPrompt(lab, "ender");
      const watchdog = () =>
        lab.processes().filter(({ comm, cmdline }) => comm === "watchdog" && cmdline.at(-1) === privileged);
      const privileged = String(lab.processes().find(({ pid }) => pid === childOf("ender"))?.ppid);
      await vi.waitFor(() => expect(watchdog()).toHaveLength(1), SOON);
      ssh.write("trap '' HUP; kill -KILL -1\r");
      await ssh.exit;
      await expectNothingLeft("ender");
      // Its watchdog has nobody to guard any more.
      await vi.waitFor(() => expect(watchdog()).toEqual([]), SOON);
      expect((await lab.audit()).filter(({ user }) => user === "ender")).toEqual([]);
    });

    test("a terminal whose buffer is full, since its client does not read", async () => {
      await lab.addUser("flooded");
      const ssh = await atPrompt(lab, "flooded");
      const lastKeyAt = type(ssh, "until [ -e go ]; do sleep 1; done; yes\r");
      await ssh.waitFor(/done; yes/);
      const client = lab.processes().find(({ cmdline }) => cmdline.includes("flooded@lab"));
      await lab.must(`kill -STOP ${client?.pid} && touch /home/flooded/go`);
      try {
        // The client cannot tell that it is over: the lab does.
        const isGone = () => lab.processes().every(({ user }) => user !== "flooded");
        const exit = vi.waitFor(() => expect(isGone()).toBe(true), { timeout: 90_000, interval: 100 });
        await expectEndOnTime({ exit: exit.then(() => ({ status: 0, signal: 0 })) }, lastKeyAt);
        const audit = await auditWithEnd(lab, "flooded");
        const notGiven = "not given: the terminal takes no output";
        expect(audit.map(({ action, outcome }) => [action, outcome]).slice(0, 2)).toEqual([
          ["notice", notGiven],
          ["notice", notGiven],
        ]);
        expect(audit.at(-1)).toMatchObject({ action: "end", ended: true });
      } finally {
        // To nsenter(1), which stopped along with it: a lab cannot stop while one of its processes has a stopped parent outside.
        process.kill(ssh.pid, "SIGCONT");
      }
      await ssh.exit;
    });

    test("a stopped terminal (Ctrl-S)", async () => {
      await lab.addUser("holder");
      const ssh = await atPrompt(lab, "holder");
      ssh.write("echo ready\r");
      await ssh.waitFor(/^ready/m);
      const lastKeyAt = type(ssh, "cat\r\u0013");
      await expectEndOnTime(ssh, lastKeyAt);
      expect(ssh.output).toMatch(/afkill: login of holder closed/);
    });

    test("a login whose user detached something: that lives on", async () => {
      await lab.addUser("leaver");
      const ssh = await atPrompt(lab, "leaver");
      ssh.write(
        "nohup sleep 4321 >/dev/null 2>&1 & setsid sleep 4322 & tmux -L mine new-session -d 'sleep 4323'\r",
      );
      const lastKeyAt = type(ssh, "\r");
      await expectEndOnTime(ssh, lastKeyAt);
      const left = lab.processes().filter(({ user, comm }) => user === "leaver" && comm === "sleep");
      expect(left.map(({ cmdline }) => cmdline[1]).sort()).toEqual(["4321", "4322", "4323"]);
    });
  });
});
