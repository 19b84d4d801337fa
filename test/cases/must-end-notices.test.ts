// Must end, on time: with the notices that the policy promises, and with what the audit says of them.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  SOON,
  timesPrinted,
  type,
} from "../support/logins.ts";

describe("must end, on time", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({
        release,
        hook: "pam",
        policy: `${policyOfSeconds('message = "Ask the help desk"')}
[[rule]]
match = { users = ["oldtimer"] }
idle_timeout = "off"
max_login = "25s"
`,
      });
    });
    afterAll(() => lab?.stop());

    test("an idle login, after two notices, and the audit tells it right", async () => {
      await lab.addUser("idler");
      const ssh = await atPrompt(lab, "idler");
      const lastKeyAt = type(ssh, "half a line");
      await ssh.waitFor(/afkill: closes in \d+ s, press a key to stay/);
      expect(ssh.screen()).toMatch(/idler: idle for \d+ s, this login ends at \d\d:\d\d/);
      expect(ssh.screen()).toContain("Ask the help desk");
      // The line being typed is still the last one, below the notice.
      expect(ssh.screen().trimEnd()).toMatch(/half a line$/);
      await expectEndOnTime(ssh, lastKeyAt);
      expect(ssh.output).toMatch(/afkill: login of idler closed at \d\d:\d\d: idle for 2\d s/);
      expect(ssh.output).toMatch(/closed by remote host/);
      expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);

      const audit = await auditWithEnd(lab, "idler");
      expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
      expect(audit.map(({ outcome }) => outcome).slice(0, 2)).toEqual(["given", "given"]);
      expect(audit.at(-1)).toMatchObject({
        user: "idler",
        client: "127.0.0.1",
        rule: "top level",
        limitSeconds: LIMIT_S,
        lastActivity: "input: a key",
      });
      expect(audit.at(-1)?.terminals).toEqual([expect.stringMatching(/^pts\/\d+$/)]);
      expect(audit.at(-1)?.idleSeconds).toBeGreaterThanOrEqual(LIMIT_S);
      expect(audit.at(-1)?.idleSeconds).toBeLessThan(LIMIT_S + 5);
      await vi.waitFor(async () => expect(await lab.syslog()).toMatch(/afkill.*action=end user=idler/), SOON);
      expect(lab.processes().filter(({ user }) => user === "idler")).toEqual([]);
    });

    test("a login whose notice was answered, a full limit after the answer", async () => {
      await lab.addUser("reader");
      const ssh = await atPrompt(lab, "reader");
      type(ssh, "\r");
      await ssh.waitFor(/closes in/);
      const answeredAt = type(ssh, "x");
      await ssh.waitFor(/afkill: your login stays \(you pressed a key\)/);
      await expectEndOnTime(ssh, answeredAt);
      const actions = (await auditWithEnd(lab, "reader")).map(({ action }) => action);
      expect(actions).toEqual(["notice", "stay", "notice", "notice", "end"]);
    });

    test("an active login under max_login, with notices that say so", async () => {
      await lab.addUser("oldtimer");
      const ssh = await atPrompt(lab, "oldtimer");
      const typing = setInterval(() => ssh.write("x"), 1000);
      await ssh.waitFor(/closes in \d+ s, no key keeps it/);
      await ssh.exit;
      clearInterval(typing);
      const audit = await auditWithEnd(lab, "oldtimer");
      expect(audit.map(({ action }) => action)).toEqual(["notice", "notice", "end"]);
      expect(audit.at(-1)?.reason).toMatch(/lasted 2\d s, the most allowed is 25 s/);
    });
  });
});
