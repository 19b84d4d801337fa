// Must live: what a multiplexed client begins at the last moment. A command runs to its end, or it was refused before it began.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  type,
} from "../support/logins.ts";

const POLICY = `${policyOfSeconds('activity = ["input"]')}
[[rule]]
match = { users = ["aged"] }
max_login = "30s"
`;
/** How long before the end that the last notice promised a command is begun: in ever smaller steps towards it. */
const BEFORE_END_S = [1.6, 1.2, 0.9, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0, -0.2, -0.4];

describe("must live", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: POLICY, sshd: "MaxSessions 50\nMaxStartups 100" });
    });
    afterAll(() => lab?.stop());

    /** Runs a command over a login that is there, if it is there. */
    const over = (socket: string, user: string, command: string) =>
      lab.run(`ssh -o ControlPath=${socket} -o ProxyCommand=false ${user}@lab '${command}'`, {
        timeoutMs: 120_000,
      });

    /** Lets a login fall idle and begins a command so long before its end. */
    async function begin(user: string, beforeEndS: number) {
      await lab.addUser(user);
      const socket = `/root/${user}.sock`;
      const master = await atPrompt(lab, user, ["-M", "-S", socket]);
      type(master, "\r");
      await master.waitFor(/closes in [2-5] s/);
      // In whole seconds, rounded down.
      const closesInS = Number(/closes in ([2-5]) s/.exec(master.output)?.[1]);
      await new Promise((resolve) => setTimeout(resolve, (closesInS - beforeEndS) * 1000));
      const command = `echo begun >/home/${user}/begun; sleep 3; echo done`;
      const { status, stdout } = await over(socket, user, command);
      const wasBegun = (await lab.run(`cat /home/${user}/begun`)).status === 0;
      return { master, status, stdout, wasBegun };
    }

    test("a command that begins as the login ends", async () => {
      const users = BEFORE_END_S.map((beforeEndS, at) => [`moment${at}`, beforeEndS] as const);
      const all = await Promise.all(users.map(([user, beforeEndS]) => begin(user, beforeEndS)));
      const begun = all.filter(({ wasBegun }) => wasBegun);
      expect(begun.map(({ status, stdout }) => [status, stdout])).toEqual(begun.map(() => [0, "done\n"]));
      // Otherwise nothing was tried.
      expect(begun.length).toBeGreaterThan(BEFORE_END_S.length / 3);
      const ended = await Promise.all(users.map(([user]) => auditOf(lab, user)));
      for (const audit of ended)
        expect(audit.some(({ action }) => /^(end|hang-up)$/.test(action))).toBe(true);
      for (const { master } of all) master.kill();
    });

    test("a command that begins at the last moment keeps nobody from max_login", async () => {
      await lab.addUser("aged");
      const master = await atPrompt(lab, "aged", ["-M", "-S", "/root/aged.sock"]);
      const began = performance.now();
      const typing = setInterval(() => {
        master.write("x");
        void over("/root/aged.sock", "aged", "sleep 3");
      }, 300);
      await master.exit;
      clearInterval(typing);
      expect((performance.now() - began) / 1000).toBeLessThan(30 + LIMIT_S);
      expect((await auditWithEnd(lab, "aged")).at(-1)).toMatchObject({ action: "end", cause: "max_login" });
    });

    test("the terminal of a login in which commands begin all the time is closed on time", async () => {
      await lab.addUser("drummer");
      const master = await atPrompt(lab, "drummer", ["-M", "-S", "/root/drummer.sock"]);
      const at = type(master, "\r");
      const drum = setInterval(() => void over("/root/drummer.sock", "drummer", "sleep 1"), 500);
      const closed = master.waitFor(/afkill: .* closed at/);
      await expectEndOnTime({ exit: closed.then(() => ({ status: 0, signal: 0 })) }, at);
      clearInterval(drum);
      master.kill();
    });
  });
});
