// Must lock, and unlock: many logins that idle at the same moment, on two cores.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { stable } from "../lab/release.ts";
import { addUserWithPassword, LOCKED, stoppedOf, unlock, waitForLock } from "../support/lock.ts";
import { atPrompt } from "../support/logins.ts";

const MANY = 100;
/** So many log in at a time: sshd takes 100 that have not authenticated yet. */
const AT_A_TIME = 20;
const LIMIT_S = 40;
/** The locks of a hundred: each takes two programs of Node, one after the other. */
const LOCKING_MS = 180_000;
/** What a lock may take of memory for itself, in KB: the code of Node is shared. */
const MOST_KB = 64_000;

const POLICY = `idle_timeout = "${LIMIT_S}s"\nwarn_before = ["10s"]\nat_limit = "lock"\nlock_max = "off"\n`;

describe("must lock, and unlock", () => {
  describe.each(stable)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: 'idle_timeout = "off"\n' });
      await addUserWithPassword(lab, "crowd");
    });
    afterAll(() => lab?.stop());

    test("100 logins that idle at the same moment lock, and each is unlocked by its answer", async () => {
      const crowd: Ssh[] = [];
      while (crowd.length < MANY)
        crowd.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => atPrompt(lab, "crowd")))));
      await lab.writePolicy(POLICY);
      for (const ssh of crowd) ssh.write("echo half-");
      await Promise.all(crowd.map((ssh) => ssh.waitFor(() => LOCKED.test(ssh.screen()), LOCKING_MS)));
      const locks = (await lab.audit()).filter(({ action }) => action === "lock");
      expect(new Set(locks.map(({ outcome }) => outcome))).toEqual(new Set(["locked"]));
      expect(new Set(locks.map(({ sshdPid }) => sshdPid)).size).toBe(MANY);

      const memory = lockersOf(lab).map((pid) => privateKbOf(lab, pid));
      expect(memory).toHaveLength(MANY);
      expect(Math.max(...memory)).toBeLessThan(MOST_KB);

      await lab.writePolicy(POLICY.replace(`${LIMIT_S}s`, "30m"));
      await Promise.all(
        crowd.map(async (ssh) => {
          await waitForLock(ssh);
          await unlock(ssh);
          ssh.write("whole\r");
          await ssh.waitFor(/^half-whole/m);
        }),
      );
      expect(stoppedOf(lab, "crowd")).toEqual([]);
      await vi.waitFor(() => expect(lockersOf(lab)).toEqual([]), { timeout: 30_000, interval: 500 });
      const unlocks = (await lab.audit()).filter(({ action }) => action === "unlock");
      expect(unlocks.map(({ cause }) => cause)).toEqual(Array(MANY).fill("password"));
    });
  });
});

/** The pids of the lockers, inside. */
function lockersOf(lab: Lab): number[] {
  return lab
    .processes()
    .filter(({ cmdline }) => cmdline.some((word) => word.endsWith("/locker.js")))
    .map(({ pid }) => pid);
}

/** What a process has in memory for itself alone, in KB (proc_pid_smaps(5)). */
function privateKbOf(lab: Lab, pid: number): number {
  const rollup = readFileSync(`${lab.root}/proc/${pid}/smaps_rollup`, "utf8");
  return [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, [, kb]) => sum + Number(kb), 0);
}
