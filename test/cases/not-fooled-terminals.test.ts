// Must not be fooled: a login's terminals are those that its sshd serves, whatever its user's processes make of them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoginRow } from "../../src/survey/rows.ts";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import { GIVES_UP, LOCKS, takesForeign } from "../support/hostile-terminals.ts";
import {
  aliveAfter,
  atPrompt,
  auditOf,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  timesPrinted,
  type,
} from "../support/logins.ts";

const POLICY = `${policyOfSeconds('activity = ["input"]\nno_terminal = "20s"\nbusy_max = "15s"')}
[[rule]]
match = { users = ["aged"] }
idle_timeout = "10m"
max_login = "45s"
`;

describe("must not be fooled by terminals", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: POLICY });
    });
    afterAll(() => lab?.stop());

    const login = async (user: string, options: readonly string[] = []): Promise<Ssh> => {
      await lab.addUser(user);
      return atPrompt(lab, user, options);
    };
    const rowsOf = async (user: string): Promise<LoginRow[]> =>
      (JSON.parse(await lab.must("afkill list --json")) as LoginRow[]).filter((row) => row.user === user);

    test("a leader with a terminal of another devpts that is called as another user's", async () => {
      const [thief, victim] = await Promise.all([login("thief"), login("owner")]);
      victim.write("tty\r");
      await victim.waitFor(/^\/dev\/pts\/\d+/m);
      const number = Number(/^\/dev\/pts\/(\d+)/m.exec(victim.screen())?.[1]);
      const typing = setInterval(() => victim.write("x"), 4000);
      const lastKeyAt = type(thief, takesForeign(number, process.arch));
      await thief.waitFor(new RegExp(`^taken ${number}`, "m"));
      const rows = await rowsOf("thief");
      expect(rows.flatMap(({ subjects }) => subjects.map(({ terminal }) => terminal))).not.toContain(
        `pts/${number}`,
      );
      await expectEndOnTime(thief, lastKeyAt);
      expect(await aliveAfter(victim, LIMIT_S)).toBe(true);
      clearInterval(typing);
      expect(timesPrinted(victim, /afkill/)).toBe(0);
      expect(await auditOf(lab, "owner")).toEqual([]);
      victim.kill();
    });

    test("a leader that gives its terminal up, with and without work beside it", async () => {
      const [idle, busy] = await Promise.all([login("quitter"), login("looper")]);
      const lastKeysAt = await Promise.all(
        [idle, busy].map(async (ssh) => {
          ssh.write(GIVES_UP);
          await ssh.waitFor(() => timesPrinted(ssh, /\$ /) >= 2);
          return type(ssh, ssh === busy ? "sh -c 'while :; do :; done' &\r" : "echo on\r");
        }),
      );
      expect((await rowsOf("quitter")).flatMap(({ subjects }) => subjects)).toMatchObject([
        { terminal: expect.stringMatching(/^pts\/\d+$/) },
      ]);
      await expectEndOnTime(idle, lastKeysAt[0] ?? 0);
      await expectEndOnTime(busy, lastKeysAt[1] ?? 0);
      expect(await auditWithEnd(lab, "quitter")).toMatchObject([
        { action: "notice", outcome: "given" },
        { action: "notice" },
        { action: "end", ended: true },
      ]);
    });

    test("a leader whose terminal is locked, and an ordinary terminal of the same login", async () => {
      const control = ["-o", "ControlPath=/tmp/locker-%r"];
      const first = await login("locker", ["-M", ...control]);
      const second = await atPrompt(lab, "locker", control);
      const secondKeyAt = type(second, "echo on\r");
      const lastKeyAt = type(first, LOCKS);
      await first.waitFor(/^locked \d+/m);
      expect((await rowsOf("locker")).map(({ state }) => state)).not.toContain("exempt");
      await Promise.all([expectEndOnTime(first, lastKeyAt), expectEndOnTime(second, secondKeyAt)]);
      // A locked terminal is looked at and warned like any other.
      const audit = await auditWithEnd(lab, "locker");
      expect(audit.map(({ action }) => action)).not.toContain("fault");
    });

    test("a login whose terminal is locked is ended by max_login", async () => {
      const ssh = await login("aged");
      ssh.write(LOCKS);
      await ssh.exit;
      const audit = await auditWithEnd(lab, "aged");
      expect(audit.at(-1)?.reason).toMatch(/lasted \d+ s, the most allowed is 45 s/);
    });
  });
});
