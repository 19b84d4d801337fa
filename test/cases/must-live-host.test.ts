// Must live: logins to whose host something happens. Each case has a host of its own.
import { describe, expect, test, vi } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { type Release, releases } from "../lab/release.ts";
import {
  aliveAfter,
  aliveWhileTyped,
  atPrompt,
  expectEndOnTime,
  LIMIT_S,
  LONG_S,
  policyOfSeconds,
  SOON,
  type,
} from "../support/logins.ts";

/** What happens to sshd while logins are open; its own processes for them stay. */
const sshdEvents: readonly { readonly name: string; readonly cause: (lab: Lab) => Promise<unknown> }[] = [
  { name: "an sshd re-exec", cause: (lab) => lab.reloadSshd() },
  {
    name: "a restart of sshd",
    cause: (lab) =>
      lab.must(`
        pid=$(cat /run/sshd.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done
        rm -f /run/sshd.pid; /usr/sbin/sshd; until [ -s /run/sshd.pid ]; do sleep 0.02; done`),
  },
];

/** Makes every program of an installation another one than the build's, by renaming as a package manager does. */
const MAKE_OLDER = `cd /usr/lib/afkill && sed -i '$a # older' watchdog session && sed -i '$a // older' dist/check.js dist/cli.js`;
const MAKE_NODE_OLDER = `cd /usr/lib/afkill && cp -p node older && printf older >>older && mv older node`;

async function labWith(release: Release, users: readonly string[], more = ""): Promise<Lab> {
  const lab = await startLab({ release, hook: "pam", policy: policyOfSeconds(more) });
  for (const user of users) await lab.addUser(user);
  return lab;
}

/** Each case has to make its lab first, one after the other. */
const BOUND_MS = 300_000;

describe.concurrent("must live", { timeout: BOUND_MS }, () => {
  describe.concurrent.each(releases)("$name", (release) => {
    test.each(sshdEvents)("a login during $name", async ({ cause }) => {
      await using lab = await labWith(release, ["typist", "idler", "later"]);
      const typed = await atPrompt(lab, "typist");
      const idle = await atPrompt(lab, "idler");
      const living = aliveWhileTyped(typed, "x", 4);
      const lastKeyAt = type(idle, "x");
      await cause(lab);
      const later = await atPrompt(lab, "later");
      await Promise.all([
        living.then((alive) => expect(alive).toBe(true)),
        expectEndOnTime(idle, lastKeyAt),
        expectEndOnTime(later, type(later, "x")),
      ]);
    });

    test("a login during an upgrade of afkill", async () => {
      await using lab = await labWith(release, ["typist", "idler"]);
      await lab.must(`${MAKE_OLDER}\n${MAKE_NODE_OLDER}`);
      const typed = await atPrompt(lab, "typist");
      const idle = await atPrompt(lab, "idler");
      const living = aliveWhileTyped(typed, "x", 4);
      const lastKeyAt = type(idle, "x");
      const ended = expectEndOnTime(idle, lastKeyAt);
      // Again and again, so that no moment of a login is left out.
      for (let upgrades = 0; upgrades < 6; upgrades++) {
        await lab.install("pam");
        expect(
          await lab.must("tail -n 1 /usr/lib/afkill/watchdog /usr/lib/afkill/dist/check.js"),
        ).not.toContain("older");
        await lab.must(MAKE_OLDER);
        await aliveAfter(typed, 4);
      }
      await lab.install("pam");
      expect(await living).toBe(true);
      await ended;
      expect(await lab.syslog()).not.toMatch(/check failed/);
    });

    test("a login during `uninstall`, and its watchdog goes quiet", async () => {
      await using lab = await labWith(release, ["typist", "idler", "warned"]);
      const warned = await atPrompt(lab, "warned");
      type(warned, "x");
      const typed = await atPrompt(lab, "typist");
      const living = aliveWhileTyped(typed, "x", 4);
      await warned.waitFor(/closes in/);
      const idle = await atPrompt(lab, "idler");
      type(idle, "x");
      await lab.must("/usr/sbin/afkill uninstall");
      await warned.waitFor(/your login stays/);
      expect(await living).toBe(true);
      expect(await aliveAfter(idle, 1)).toBe(true);
      expect(await aliveAfter(warned, 1)).toBe(true);
      const log = await lab.syslog();
      expect(log).toMatch(/afkill is no longer installed; no login is ended/);
      // Once a login, however often it tries again.
      expect(log.match(/check failed/g)?.length ?? 0).toBeLessThanOrEqual(3);
    });

    test.each([
      { what: "`/run` is wiped", command: "rm -rf /run/afkill" },
      { what: "the state file is wiped", command: "rm -f /run/afkill/*/memory.json" },
    ])("every login when $what, and the idle ones end", async ({ command }) => {
      await using lab = await labWith(release, ["typist", "idler", "silent"], `no_terminal = "${LIMIT_S}s"`);
      const typed = await atPrompt(lab, "typist");
      const living = aliveWhileTyped(typed, "x", 4);
      const silent = lab.ssh("silent", ["-N"]);
      const idle = await atPrompt(lab, "idler");
      const lastKeyAt = type(idle, "x");
      await vi.waitFor(() => lab.must("[ $(ls /run/afkill/*/memory.json | wc -l) = 3 ]"), SOON);
      await lab.must(command);
      await idle.waitFor(/closes in/);
      await lab.must(command);
      await expectEndOnTime(idle, lastKeyAt);
      expect(await living).toBe(true);
      await silent.exit;
      expect(silent.output).toContain("closed by remote host");
    });

    test("every login when the policy vanishes half-written, and comes back", async () => {
      await using lab = await labWith(release, ["typist", "known", "later"]);
      const whole = await lab.read("/etc/afkill/afkill.toml");
      const typed = await atPrompt(lab, "typist");
      const living = aliveWhileTyped(typed, "x", 4);
      const known = await atPrompt(lab, "known");
      const lastKeyAt = type(known, "x");
      // Both have been looked at under the good one.
      await vi.waitFor(() => lab.must("[ $(ls /run/afkill/*/memory.json | wc -l) = 2 ]"), SOON);
      await lab.writePolicy(whole.slice(0, whole.indexOf('s"')));
      const later = await atPrompt(lab, "later");
      type(later, "x");
      // The last good policy applies to those who know it.
      await expectEndOnTime(known, lastKeyAt);
      expect(await living).toBe(true);
      expect(await aliveAfter(later, 1)).toBe(true);
      await lab.writePolicy(whole);
      await later.exit;
      expect(later.output).toMatch(/closes in .*closed by remote host/s);
    });

    test("an exempt login when the policy is half-written without its exemption, for a moment", async () => {
      await using lab = await labWith(release, ["boss"], '[exempt]\nusers = ["boss"]');
      const whole = await lab.read("/etc/afkill/afkill.toml");
      const ssh = await atPrompt(lab, "boss");
      expect(await aliveAfter(ssh, LONG_S)).toBe(true);
      await lab.writePolicy(whole.slice(0, whole.indexOf("[exempt]")));
      // However long it has been idle, the whole notice comes first.
      await ssh.waitFor(/closes in 10 s/);
      await lab.writePolicy(whole);
      await ssh.waitFor(/your login stays/);
      expect(await aliveAfter(ssh, LIMIT_S)).toBe(true);
    });

    test("a login in use when the audit disk is full", async () => {
      await using lab = await labWith(release, ["typist", "idler"]);
      await lab.must("mkdir -p /var/log/afkill && mount -t tmpfs -o size=4k,mode=750 none /var/log/afkill");
      await lab.run("dd if=/dev/zero of=/var/log/afkill/full bs=4k count=2");
      const typed = await atPrompt(lab, "typist");
      const living = aliveWhileTyped(typed, "x", 4);
      const idle = await atPrompt(lab, "idler");
      await expectEndOnTime(idle, type(idle, "x"));
      expect(await living).toBe(true);
      // An idle one ends all the same, and syslog has the record.
      await vi.waitFor(async () => expect(await lab.syslog()).toMatch(/action=end user=idler/), SOON);
      expect(await lab.syslog()).toMatch(/audit file not written/);
    });
  });
});
