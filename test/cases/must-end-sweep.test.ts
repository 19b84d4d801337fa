// Must end: a login whose watchdog is not there to end it. What takes over is `afkill sweep`, as its timer or cron line runs it.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { atPrompt, auditWithEnd, LIMIT_S, policyOfSeconds, SOON, type } from "../support/logins.ts";

/** In place of five minutes. */
const EVERY_S = 5;
/** The kernel's steps, the ending, and what a busy machine takes for a dozen sweeps at a time. */
const SLACK_S = 8 + 1 + 60;

describe("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
      // As cron does it: one is started while another may still wait for a notice.
      lab.spawn(`while sleep ${EVERY_S}; do afkill sweep --log /root/sweeps >/dev/null & done`);
    });
    afterAll(() => lab?.stop());

    /** The watchdog of a user's only login. */
    const watchdogOf = (user: string) => {
      const all = lab.processes();
      const child = all.find((it) => it.user === user && it.comm.startsWith("sshd"));
      const watchdog = all.find(
        ({ comm, cmdline }) => comm === "watchdog" && cmdline.at(-1) === String(child?.ppid),
      );
      if (!watchdog) throw new Error(`no watchdog of ${user}`);
      return watchdog.pid;
    };

    const expectEndBySweep = async (user: string, halt: () => Promise<unknown>) => {
      await lab.addUser(user);
      const ssh = await atPrompt(lab, user);
      const lastKeyAt = type(ssh, "x");
      await halt();
      await ssh.exit;
      const afterS = (performance.now() - lastKeyAt) / 1000;
      expect(afterS).toBeGreaterThanOrEqual(LIMIT_S);
      expect(afterS).toBeLessThanOrEqual(LIMIT_S + EVERY_S + SLACK_S);
      const audit = await auditWithEnd(lab, user);
      expect(audit.map(({ action, outcome }) => [action, outcome]).slice(0, 1)).toEqual([
        ["notice", "given"],
      ]);
      const bySweep = new RegExp(`ended ${user} on pts/`);
      await vi.waitFor(async () => expect(await lab.read("/root/sweeps")).toMatch(bySweep), SOON);
    };

    test("a login whose watchdog was killed with SIGKILL by root: the next afkill sweep ends it", async () => {
      await expectEndBySweep("unguarded", () => lab.must(`kill -KILL ${watchdogOf("unguarded")}`));
    });

    test("a login whose watchdog was stopped with SIGSTOP by root: the next afkill sweep ends it", async () => {
      await expectEndBySweep("halted", () => lab.must(`kill -STOP ${watchdogOf("halted")}`));
    });

    test("a login whose watchdog waits for a sleep that root stopped: the next afkill sweep ends it", async () => {
      await expectEndBySweep("held", async () => {
        const pid = watchdogOf("held");
        // Its sleep may end between the look and the signal: then the next one is stopped.
        await lab.must(
          `until pkill -STOP -P ${pid} -x sleep && sleep 0.2 && ps -o stat= --ppid ${pid} | grep -q T; do sleep 0.1; done`,
        );
      });
    });
  });
});
