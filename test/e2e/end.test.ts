// `afkill end` on real logins: it ends what it is told to, proves it, and touches nothing else.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditWithEnd, SOON } from "../support/logins.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ hook: "pam", policy: `idle_timeout = "30m"\nwarn_before = ["5m"]\n` });
});
afterAll(() => lab?.stop());

/** The processes of a user, and the privileged sshds of the user's logins. */
function processesOf(user: string) {
  return lab
    .processes()
    .filter(
      (it) =>
        it.user === user ||
        /^sshd(-session)?: (\S+) \[(?:priv|postauth)\]/.exec(it.cmdline.join(" "))?.[2] === user,
    );
}

function sshdOf(user: string): number {
  return lab.processes().find((it) => it.user === user && it.comm.startsWith("sshd"))?.pid ?? 0;
}

describe.concurrent("afkill end", () => {
  test("proves a login gone whose shell traps SIGHUP and SIGTERM", async () => {
    await lab.addUser("stubborn");
    const ssh = await atPrompt(lab, "stubborn");
    ssh.write("trap '' HUP TERM INT; echo trapped=$(tty)\r");
    await ssh.waitFor(/^trapped=\/dev\/pts\/\d+/m);
    const terminal = /^trapped=\/dev\/(pts\/\d+)/m.exec(ssh.screen())?.[1];
    const before = processesOf("stubborn").length;
    const { status, stdout, stderr } = await lab.run(`afkill end --yes --json ${terminal}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // Nothing is waited for: the command has seen it gone.
    expect(before).toBeGreaterThan(2);
    expect(processesOf("stubborn")).toEqual([]);
    expect(stdout).toContain('"ended": true');
    await ssh.exit;
    expect(ssh.output).toContain("afkill: login of stubborn closed at");
    expect((await auditWithEnd(lab, "stubborn")).at(-1)).toMatchObject({
      action: "end",
      cause: "administrator",
      ended: true,
      reason: "ended by root",
      terminals: [terminal],
    });
  });

  test("refuses its own login without --self, and ends it with", async () => {
    await lab.addUser("dora", { sudo: true });
    const ssh = await atPrompt(lab, "dora");
    ssh.write("sudo afkill end --yes dora; echo status=$?\r");
    await ssh.waitFor(/^status=1/m);
    expect(ssh.output).toContain("your own login is among them");
    expect(sshdOf("dora")).not.toBe(0);
    ssh.write("sudo afkill end --yes --self dora\r");
    await ssh.exit;
    expect((await auditWithEnd(lab, "dora")).at(-1)).toMatchObject({
      cause: "administrator",
      ended: true,
      reason: "ended by dora",
    });
    await vi.waitFor(() => expect(processesOf("dora")).toEqual([]), SOON);
  });

  test("refuses a pid that is no login's sshd, whatever it calls itself", async () => {
    await lab.addUser("mask");
    const ssh = await atPrompt(lab, "mask");
    ssh.write("(exec -a 'sshd: mask@pts/9' sleep 4711) & sleep 4712 &\r");
    const sleepWith = (argument: string) =>
      lab.processes().find((it) => it.comm === "sleep" && it.cmdline.at(-1) === argument)?.pid ?? 0;
    await vi.waitFor(() => expect([sleepWith("4711"), sleepWith("4712")]).not.toContain(0), SOON);
    const listener = Number((await lab.read("/run/sshd.pid")).trim());
    for (const pid of [listener, sleepWith("4711"), sleepWith("4712"), 1]) {
      const { status, stderr } = await lab.run(`afkill end --yes ${sshdOf("mask")} ${pid}`);
      expect({ status, stderr }).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`${pid} (`),
      });
      expect(stderr).toContain("is not the sshd of a login");
      expect(lab.processes().some((it) => it.pid === pid)).toBe(true);
    }
    expect(sshdOf("mask")).not.toBe(0);
    expect((await lab.run("afkill end --yes nobody")).status).toBe(1);
  });

  test("asks on a terminal only, and takes no for an answer", async () => {
    await lab.addUser("calm");
    await lab.addUser("asker", { sudo: true });
    await atPrompt(lab, "calm");
    expect((await lab.run("afkill end calm </dev/null")).status).toBe(2);
    const asker = await atPrompt(lab, "asker");
    asker.write("sudo afkill end calm; echo status=$?\r");
    await asker.waitFor(/End this login\? \[y\/N\]/);
    asker.write("\r");
    await asker.waitFor(/^status=1/m);
    expect(sshdOf("calm")).not.toBe(0);
    asker.write("sudo afkill kill calm; echo again=$?\r");
    await vi.waitFor(() => expect(asker.output.split("[y/N]").length).toBe(3), SOON);
    asker.write("y\r");
    await asker.waitFor(/^again=0/m);
    expect(sshdOf("calm")).toBe(0);
  });

  test("afkill tree shows a login from its sshd down, and what is in the foreground", async () => {
    await lab.addUser("woods", { sudo: true });
    const ssh = await atPrompt(lab, "woods");
    ssh.write("sleep 4713 & sudo LC_ALL=C afkill tree woods; echo status=$?\r");
    await ssh.waitFor(/^status=0/m);
    const child = sshdOf("woods");
    expect(ssh.screen()).toMatch(/^woods\* from 127\.0\.0\.1 \(pts\/\d+\)$/m);
    expect(ssh.screen()).toMatch(new RegExp(`^ {3}\`- ${child} sshd\\S*$`, "m"));
    expect(ssh.screen()).toMatch(/^ {9}\|- \d+ sleep pts\/\d+$/m);
    expect(ssh.screen()).toMatch(/^ {9}`- \d+ sudo pts\/\d+ \+$/m);
    expect(ssh.screen()).toMatch(/- \d+ (afkill|node\S*) pts\/\d+ \+$/m);
    const [tree] = JSON.parse(await lab.must(`afkill tree --json ${child}`));
    expect(tree).toMatchObject({ user: "woods", own: false });
  });

  test("warns first; no key keeps it; every login of a user goes", async () => {
    await lab.addUser("twice");
    const [one, two] = await Promise.all([atPrompt(lab, "twice"), atPrompt(lab, "twice")]);
    const running = lab.run("afkill end --yes --notice 8s --message 'new disks\u001b[2J' twice");
    await Promise.all([one, two].map((ssh) => ssh.waitFor(/afkill: closes in 8 s, by the administrator/)));
    expect(one.output).toContain("new disks?[2J");
    one.write("echo here\r");
    const { status, stdout } = await running;
    expect({ status, gone: stdout.match(/: gone/g)?.length }).toEqual({ status: 0, gone: 2 });
    expect(processesOf("twice")).toEqual([]);
    const audit = await auditWithEnd(lab, "twice");
    expect(audit.map(({ action, cause }) => `${action} ${cause}`).sort()).toEqual(
      ["end administrator", "end administrator", "notice administrator", "notice administrator"].sort(),
    );
  });
});
