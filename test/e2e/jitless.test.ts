// Where a process may not make memory executable, as under SELinux without execmem or in a unit with MemoryDenyWriteExecute=: Node
// works there without its compiler.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Finding } from "../../src/commands/doctor/finding.ts";
import { checkout } from "../lab/boot.ts";
import { type Lab, type LabProcess, startLab } from "../lab/lab.ts";
import { afkill } from "../support/install.ts";
import {
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  policyOfSeconds,
  SOON,
  timesPrinted,
  type,
} from "../support/logins.ts";

const PROGRAM = "test/lab/no-exec.py";
const noExecIn = (directory: string) => `/usr/bin/python3 ${join(directory, PROGRAM)}`;
/** Linux before 6.3 cannot deny it so. */
const canDeny = spawnSync("sh", ["-c", `${noExecIn(checkout)} true`]).status === 0;

/** Starts sshd anew, so that neither it nor any login may make memory executable. */
async function denyToLogins(lab: Lab): Promise<void> {
  await lab.must(`
    pid=$(cat /run/sshd.pid) && kill $pid && while kill -0 $pid 2>/dev/null; do sleep 0.02; done
    rm -f /run/sshd.pid; ${noExecIn(lab.checkout)} /usr/sbin/sshd && until [ -s /run/sshd.pid ]; do sleep 0.02; done`);
}

/** What the doctor says of Node. */
function ofNode(doctor: string): Finding[] {
  const { findings }: { findings: Finding[] } = JSON.parse(doctor);
  return findings.filter(({ id }) => id === "node");
}

const withoutCompiler = (who: string) => ({
  id: "node",
  level: "warning",
  what: expect.stringMatching(`^${who} may not make memory executable .*--jitless.*slower`),
  remedy: expect.stringContaining("deny_execmem"),
});

describe.skipIf(!canDeny)("where logins may not make memory executable", () => {
  describe("with the hook pam", () => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ hook: "pam", policy: policyOfSeconds() });
      await lab.addUser("visitor");
      await denyToLogins(lab);
    });
    afterAll(() => lab?.stop());

    test("an idle login is warned and ended, and the doctor tells how", async () => {
      const ssh = await atPrompt(lab, "visitor");
      const lastKeyAt = type(ssh, "half a line");
      await ssh.waitFor(/afkill: closes in \d+ s, press a key to stay/);
      const doctor = await afkill(lab, "doctor --json");
      expect(doctor.status).toBe(0);
      expect(ofNode(doctor.stdout)).toEqual([withoutCompiler("a watchdog")]);
      await expectEndOnTime(ssh, lastKeyAt);
      expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);
      const audit = await auditWithEnd(lab, "visitor");
      expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
      expect(await lab.syslog()).not.toContain("check failed");
    });

    test("the command keeps Node's compiler where that may work", async () => {
      const isFollowing = ({ cmdline }: LabProcess) => cmdline.includes("--follow");
      await lab.must("mkdir -p -m 750 /var/log/afkill && touch /var/log/afkill/audit.jsonl");
      const log = lab.spawn("exec /usr/sbin/afkill log --follow");
      const [node] = await vi.waitFor(() => {
        const found = lab.nodes().filter(isFollowing);
        expect(found).toHaveLength(1);
        return found;
      }, SOON);
      expect(node?.cmdline).toEqual([
        "/usr/lib/afkill/node",
        "/usr/lib/afkill/dist/cli.js",
        "log",
        "--follow",
      ]);
      log.kill();
    });

    test("the command works, on a terminal too, with its input, output and status", async () => {
      const list = await lab.run("ssh root@lab afkill list --json");
      expect(list).toMatchObject({ status: 0, stderr: "" });
      expect(JSON.parse(list.stdout)).toContainEqual(expect.objectContaining({ user: "root" }));
      const doctor = await lab.run("ssh root@lab afkill doctor --json");
      expect(doctor).toMatchObject({ status: 0, stderr: "" });
      expect(ofNode(doctor.stdout)).toContainEqual(withoutCompiler("this process"));
      expect(await lab.run("ssh root@lab afkill end --yes nobody-here")).toMatchObject({ status: 1 });
      const ssh = lab.ssh("root", ["-t"], "afkill top");
      expect(await ssh.exit).toMatchObject({ status: 0 });
      expect(ssh.screen()).toMatch(/no live view.*executable.*USER +CLIENT.*root/s);
    });
  });

  test("a wrap starts, and ends an idle login", async () => {
    await using lab = await startLab({ hook: "force-command", flags: "--wrap", policy: policyOfSeconds() });
    await lab.addUser("visitor");
    await denyToLogins(lab);
    const ssh = await atPrompt(lab, "visitor");
    const isWrap = ({ cmdline }: LabProcess) => cmdline.includes("/usr/lib/afkill/dist/wrap.js");
    await vi.waitFor(() => expect(lab.nodes().find(isWrap)?.cmdline).toContain("--jitless"), SOON);
    const lastKeyAt = type(ssh, "half a line");
    await expectEndOnTime(ssh, lastKeyAt);
    expect(timesPrinted(ssh, /afkill: closes in/)).toBeGreaterThan(0);
    expect(await lab.syslog()).not.toContain("the wrap did not start");
  });
});
