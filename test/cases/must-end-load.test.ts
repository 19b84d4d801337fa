// Must end, on time: on a machine that has more to do than it can. Load is no standstill, idle time runs at the speed of time.
import { describe, expect, test } from "vitest";
import type { AuditRecord } from "../../src/audit/record.ts";
import { type Lab, type LabOptions, type Ssh, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  aliveAfter,
  atPrompt,
  auditWithEnd,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  timesPrinted,
  type,
} from "../support/logins.ts";

/** The kernel keeps the time of the last key in steps of this. */
const BUCKET_S = 8;
/** What a machine of two cores may take for the looks at thirty logins, beside two programs that use all of both. */
const LOAD_S = 12;
/** How long checks wait for a core, and then have one. */
const STARVED_S = 8;
const FED_S = 2;
const ENDING_S = 6;
/** Most of the limit is a notice, in which a check looks all the time. */
const STARVED = { limitS: 60, warnBefore: '["50s", "5s"]' };
/** On one core, so many programs that use all of it. */
const BURNERS = 24;
/** The limits of logins that wait for such a core, long enough to be told apart from its delays. */
const ONE_CORE = { limitS: 80, warnBefore: '["40s", "10s"]' };

const programs = ["true", "top -d 1", "less /etc/login.defs", "vim -u NONE", "sleep 1000", "python3 -q"];
const kinds: readonly (readonly [string, LabOptions])[] = [
  ["the profile hook", { hook: "profile" }],
  ["a wrap", { hook: "force-command", flags: "--wrap" }],
];

describe("must end, on time", () => {
  describe.each(releases)("$name", (release) => {
    test.each(kinds)(
      "an idle top under sudo beside thirty logins and two busy programs, under %s",
      async (_, options) => {
        await using lab = await startLab({
          release,
          policy: policyOfSeconds('activity = ["input"]'),
          ...options,
        });
        await lab.addUser("many");
        await lab.addUser("sudotop", { sudo: true });
        burn(lab, 2);
        const many = await logInMany(lab, "many", 30);
        many.forEach((ssh, n) => {
          ssh.write(`${programs[n % programs.length]}\r`);
        });
        const ssh = await atPrompt(lab, "sudotop");
        ssh.write("sudo top -d 1\r");
        const lastKeyMs = Date.now();
        await ssh.waitFor(/load average/);
        await ssh.exit;
        const afterS = (Date.now() - lastKeyMs) / 1000;
        expect(afterS).toBeGreaterThanOrEqual(LIMIT_S);
        expect(afterS).toBeLessThanOrEqual(LIMIT_S + BUCKET_S + LOAD_S);
        expect(ssh.output).toContain("closed by remote host");
      },
    );

    test("a login whose checks wait eight of each ten seconds for a core", async () => {
      const { limitS, warnBefore } = STARVED;
      const policy = `idle_timeout = "${limitS}s"\nwarn_before = ${warnBefore}\n`;
      await using lab = await startLab({ release, hook: "pam", policy });
      await lab.addUser("starved");
      const ssh = await atPrompt(lab, "starved");
      ssh.write("x");
      const lastKeyMs = Date.now();
      const fed = starve(lab);
      await ssh.exit;
      const afterS = (Date.now() - lastKeyMs) / 1000;
      fed();
      expect(afterS).toBeLessThanOrEqual(limitS + BUCKET_S + 2 * STARVED_S + ENDING_S);
      const [, end] = firstAndLast(await auditWithEnd(lab, "starved"));
      expect(end.idleSeconds).toBeGreaterThanOrEqual(limitS);
    });

    test("a fork bomb in an idle login: it ends, an idle one beside it too, and a typist's lives", async () => {
      await using lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
      for (const user of ["bomber", "idler", "typist"]) await lab.addUser(user);
      // The kernel counts processes by uid, those of other labs too.
      await lab.must("usermod --uid 54321 bomber");
      const [bomber, idler, typist] = await Promise.all(
        ["bomber", "idler", "typist"].map((user) => atPrompt(lab, user)),
      );
      if (!bomber || !idler || !typist) throw new Error("a login is missing");
      const typing = setInterval(() => typist.write("x"), 4000);
      const idlerKeyAt = type(idler, "x");
      const bomberKeyAt = type(bomber, "ulimit -u 200; bomb() { bomb | bomb & }; bomb\r");
      await bomber.waitFor(/fork: retry: Resource temporarily unavailable/);
      await Promise.all([expectEndOnTime(bomber, bomberKeyAt), expectEndOnTime(idler, idlerKeyAt)]);
      expect(await aliveAfter(typist, LIMIT_S)).toBe(true);
      clearInterval(typing);
      expect((await auditWithEnd(lab, "bomber")).at(-1)).toMatchObject({ action: "end", ended: true });
      expect(timesPrinted(typist, /afkill/)).toBe(0);
    });

    test("four logins at once on one busy core, whose idle time runs at the speed of time", async () => {
      const { limitS, warnBefore } = ONE_CORE;
      const policy = `idle_timeout = "${limitS}s"\nwarn_before = ${warnBefore}\n`;
      await using lab = await startLab({ release, hook: "pam", policy });
      const users = ["ann", "ben", "cat", "dan"];
      for (const user of users) await lab.addUser(user);
      // What sshd starts inherits it, all of the logins and their watchdogs.
      await lab.must("taskset -a -c -p 0 $(cat /run/sshd.pid)");
      const logins = await Promise.all(users.map((user) => atPrompt(lab, user)));
      burn(lab, BURNERS, "taskset -c 0 ");
      for (const ssh of logins) ssh.write("x");
      await Promise.all(logins.map((ssh) => ssh.exit));
      for (const user of users) {
        const [notice, end] = firstAndLast(await auditWithEnd(lab, user));
        const passedS = (Date.parse(end.time) - Date.parse(notice.time)) / 1000;
        const countedS = (end.idleSeconds ?? 0) - (notice.idleSeconds ?? 0);
        expect(Math.abs(countedS - passedS)).toBeLessThanOrEqual(2);
      }
    });
  });
});

/** Starts programs that use a core each as long as the lab lives. */
function burn(lab: Lab, count: number, on = ""): void {
  for (let n = 0; n < count; n++) lab.spawn(`exec ${on}setsid -w sh -c 'while :; do :; done'`);
}

/** Keeps all Nodes of a lab from running most of the time, as other programs would that are served first; until the returned function is called. */
function starve(lab: Lab): () => void {
  const signal = (name: string) => {
    for (const { pid } of lab.nodes()) void lab.run(`kill -${name} ${pid}`);
  };
  const timer = setInterval(
    () => {
      signal("STOP");
      setTimeout(() => signal("CONT"), STARVED_S * 1000);
    },
    (STARVED_S + FED_S) * 1000,
  );
  return () => clearInterval(timer);
}

async function logInMany(lab: Lab, user: string, count: number): Promise<Ssh[]> {
  const found: Ssh[] = [];
  while (found.length < count)
    found.push(...(await Promise.all(Array.from({ length: 10 }, () => atPrompt(lab, user)))));
  return found;
}

function firstAndLast(audit: readonly AuditRecord[]): [AuditRecord, AuditRecord] {
  const [first] = audit.filter(({ action }) => action === "notice");
  const last = audit.find(({ action }) => action === "end");
  if (!first || !last) throw new Error("no notice before the end");
  return [first, last];
}
