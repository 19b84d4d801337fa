// Must end, on time: many logins that idle at the same moment, on two cores.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { stable } from "../lab/release.ts";
import { atPrompt } from "../support/logins.ts";

const MANY = 200;
/** So many log in at a time: sshd takes 100 that have not authenticated yet. */
const AT_A_TIME = 20;
const LIMIT_S = 40;
/** What the manual allows two hundred checks at once: a slice of the watchdog's sleep. */
const LATE_S = 20;
/** The kernel keeps the time of the last key in steps of this. */
const BUCKET_S = 8;
/** What the tests that run at the same time take. */
const NOISE_S = 20;

describe("must end, on time", () => {
  describe.each(stable)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: 'idle_timeout = "off"\n' });
      await lab.addUser("crowd");
    });
    afterAll(() => lab?.stop());

    test("200 logins that idle at the same moment, each watched by sh and sleep until then, not by Node", async () => {
      const crowd: Ssh[] = [];
      while (crowd.length < MANY)
        crowd.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => atPrompt(lab, "crowd")))));
      // A watchdog that has just begun has the clocks read by programs, one after the other.
      await vi.waitFor(() => expect(programsOfWatchdogs(lab)).toEqual({ watchdogs: MANY, run: ["sleep"] }), {
        timeout: 60_000,
        interval: 1000,
      });
      expect(lab.nodes()).toEqual([]);

      await lab.writePolicy(`idle_timeout = "${LIMIT_S}s"\nwarn_before = ["10s", "5s"]\n`);
      const lastKeyAtMs = Date.now();
      for (const ssh of crowd) ssh.write("x");
      await Promise.all(crowd.map((ssh) => ssh.exit));
      // This process is busy with two hundred clients: the audit knows the times better.
      const endedAfterS = await vi.waitFor(
        async () => {
          const ends = (await lab.audit()).filter(({ action }) => action === "end");
          expect(ends).toHaveLength(MANY);
          return ends.map(({ time }) => (Date.parse(time) - lastKeyAtMs) / 1000);
        },
        { timeout: 60_000, interval: 500 },
      );
      expect(Math.min(...endedAfterS)).toBeGreaterThanOrEqual(LIMIT_S);
      expect(Math.max(...endedAfterS)).toBeLessThanOrEqual(LIMIT_S + BUCKET_S + LATE_S + NOISE_S);
      const notices = (await lab.audit()).filter(({ action }) => action === "notice");
      // A check that runs late gives the second notice only.
      expect(new Set(notices.map(({ sshdPid }) => sshdPid)).size).toBe(MANY);
      expect([...new Set(notices.map(({ outcome }) => outcome))]).toEqual(["given"]);
    });
  });
});

/** How many watchdogs there are, and the programs that they wait for. */
function programsOfWatchdogs(lab: Lab): { watchdogs: number; run: string[] } {
  const processes = lab.processes();
  const watchdogs = processes.filter(
    ({ comm, cmdline }) => comm === "watchdog" && cmdline.some((word) => word.endsWith("/watchdog")),
  );
  const theirs = new Set(watchdogs.map(({ pid }) => pid));
  const run = processes.filter(({ ppid }) => theirs.has(ppid)).map(({ comm }) => comm);
  return { watchdogs: watchdogs.length, run: [...new Set(run)] };
}
