// Must not be fooled: what programs inside a login do to look like somebody at work, or like another login. Root's watchdog guards it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoginRow } from "../../src/survey/rows.ts";
import { type Lab, type Ssh, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
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

// Only keys: what counts as work is told elsewhere.
const POLICY = `${policyOfSeconds('activity = ["input"]')}
[[rule]]
match = { users = ["reader", "piler"] }
max_login = "45s"
trust_tty_times = false

[[rule]]
match = { users = ["forger", "painter", "typist", "answerer"] }
trust_tty_times = false
`;
/** Each end makes the other one send something all the time. */
const KEEPALIVES = "ClientAliveInterval 3\nClientAliveCountMax 100";
const ASK = String.raw`while sleep 1; do printf '\033[6n'; done`;
const TOUCH = "tty=$(tty); while sleep 3; do touch -a $tty; done";
/** Fills the quota of the user's keys (keyrings(7)) until add_key(2) says that it is full, and prints how many that were. */
const fillKeys = (arch: string) => {
  const addKey = arch === "arm64" ? 217 : 248;
  return [
    `perl -e '$n = 0; $type = "user"; $value = "x" x 90;`,
    `do { $name = "key " . $n++ } until syscall(${addKey}, $type, $name, $value, length $value, -4) < 0;`,
    `print "keys full: ", $!{EDQUOT} ? "yes" : $!, "\\n"'\r`,
  ].join(" ");
};
/** No byte and no file more. */
const FILL =
  "cd /run/screen; cat /dev/zero >full; until ! : >$((n++)); do :; done 2>/dev/null; cd; echo filled";
const FLOOD = `perl -e '$|=1; while (1) { print "x" x 2000; select undef, undef, undef, 0.01 }'`;

describe("must not be fooled", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ release, hook: "pam", policy: POLICY, sshd: KEEPALIVES });
    });
    afterAll(() => lab?.stop());

    const login = async (user: string, options?: { sudo: boolean }): Promise<Ssh> => {
      await lab.addUser(user, options);
      return atPrompt(lab, user, ["-o", "ServerAliveInterval=2"]);
    };

    test("a program that redraws", async () => {
      const ssh = await login("redrawer");
      await expectEndOnTime(ssh, type(ssh, "top -d 0.5\r"));
    });

    test("a program that asks the terminal for its cursor position in a loop", async () => {
      const ssh = await login("asker");
      await expectEndOnTime(ssh, type(ssh, `${ASK}\r`));
      // The terminal did answer.
      expect(ssh.output).toMatch(/\^\[\[\d+;\d+R/);
    });

    // From outside they are keys: max_login is the bound.
    test.each([
      ["reads its terminal's answers all the time", "reader", `(${ASK}) &\r`],
      ["leaves its terminal's answers unread in raw mode", "piler", `stty raw -echo; ${ASK}\r`],
    ])("a program that %s is ended by max_login at the latest", async (_, user, asks) => {
      const ssh = await login(user);
      ssh.write(asks);
      await ssh.exit;
      const audit = await auditWithEnd(lab, user);
      expect(audit.at(-1)?.reason).toMatch(/lasted \d+ s, the most allowed is 45 s/);
    });

    test("a program that changes its name to sshd", async () => {
      const [ssh, victim] = await Promise.all([login("pretender", { sudo: true }), login("namesake")]);
      const typing = setInterval(() => victim.write("x"), 4000);
      const isFake = ({ exe, comm }: { exe: string; comm: string }) =>
        /^sshd/.test(comm) && !/\/sshd(-session)?$/.test(exe.replace(/^\/home\/.*/, ""));
      for (const name of ["sshd", "sshd-session"])
        ssh.write(`cp /usr/bin/sleep ${name}; (exec -a "${name}: namesake [priv]" ./${name} 1000) &\r`);
      // One that root runs, with the title of a login of root's.
      ssh.write("sudo -b bash -c 'exec -a \"sshd: root@pts/9\" /home/pretender/sshd 1000' </dev/null\r");
      // A tree like that of a login: two sshds, and below them the leader of a session with a terminal.
      const shell = "exec script -qc 'sleep 1000' /dev/null";
      const lastKeyAt = type(
        ssh,
        `perl -e '$0 = "sshd"; fork or do { $0 = "sshd-session"; system $ARGV[0] }; sleep 1000' "${shell}"\r`,
      );
      await ssh.waitFor(() => lab.processes().filter(isFake).length >= 5);
      const fakes = lab.processes().filter(isFake);
      const rows: LoginRow[] = JSON.parse(await lab.must("afkill list --json"));
      expect(rows.filter(({ user }) => user === "pretender" || user === "namesake")).toHaveLength(2);
      expect(fakes.filter(({ pid }) => rows.some(({ sshdPid }) => sshdPid === pid))).toEqual([]);
      const pids = new Set(fakes.map(({ pid }) => pid));
      await expectEndOnTime(ssh, lastKeyAt);
      const guarded = lab.processes().flatMap(({ cmdline }) => {
        const at = cmdline.indexOf("/usr/lib/afkill/watchdog");
        return at < 0 ? [] : [Number(cmdline[at + 1])];
      });
      expect(guarded.filter((pid) => pids.has(pid))).toEqual([]);
      clearInterval(typing);
      expect(await auditOf(lab, "namesake")).toEqual([]);
      victim.kill();
    });

    test("a program that sets its title to another user's terminal", async () => {
      const [liar, victim] = await Promise.all([login("liar"), login("victim")]);
      victim.write("tty\r");
      await victim.waitFor(/^\/dev\/pts\/\d+/m);
      const terminal = /^\/dev\/(pts\/\d+)/m.exec(victim.screen())?.[1];
      const typing = setInterval(() => victim.write("x"), 4000);
      await expectEndOnTime(
        liar,
        type(liar, `cp /usr/bin/sleep sshd; exec -a 'sshd: victim@${terminal}' ./sshd 1000\r`),
      );
      expect(await aliveAfter(victim, LIMIT_S)).toBe(true);
      clearInterval(typing);
      expect(timesPrinted(victim, /afkill/)).toBe(0);
      expect(await auditOf(lab, "victim")).toEqual([]);
      victim.kill();
    });

    test("a user who makes or overwrites files where root's watchdogs keep their state", async () => {
      const ssh = await login("planter");
      const lastKeyAt = type(ssh, "\r");
      await ssh.waitFor(async () => (await lab.run("ls /run/afkill/*/checked")).status === 0);
      const before = await lab.must("ls -ld /run/afkill");
      expect(before).toMatch(/^drwxr-xr-x \d+ root /);
      for (const attempt of [
        "ln -s /etc/passwd /run/afkill/1-1",
        "mkdir /run/afkill/1-1",
        "head -c 1000000 /dev/urandom >/run/afkill/first-check",
        "for memory in /run/afkill/*/memory.json; do head -c 1000000 /dev/urandom >$memory; done",
        "rm -rf /run/afkill",
        "mv /run/afkill /run/elsewhere",
      ])
        expect([attempt, (await lab.run(attempt, { user: "planter" })).status]).not.toEqual([attempt, 0]);
      expect(await lab.must("stat -c '%U %a' /run/afkill/[0-9]*")).toMatch(/^(root 700\n)+$/);
      await expectEndOnTime(ssh, lastKeyAt);
    });

    test("ulimits that let a user's own processes do nothing", async () => {
      // No nproc: the processes of that uid in other labs would count.
      const limits = ["fsize 0", "nofile 16", "cpu 1", "memlock 0"];
      const lines = limits.map((limit) => `limited hard ${limit}\n`).join("");
      await lab.write("/etc/security/limits.d/limited.conf", lines);
      const ssh = await login("limited");
      await expectEndOnTime(ssh, type(ssh, "ulimit -n; ulimit -f\r"));
      expect(ssh.output).toMatch(/\b16\r\n0\r$/m);
    });

    test("a user whose kernel keyrings are full, in that login and in a later one", async () => {
      const ssh = await login("hoarder");
      // The kernel counts by uid, those of other labs too.
      ssh.write(fillKeys(process.arch));
      await ssh.waitFor(/^keys full: yes/m);
      const later = await atPrompt(lab, "hoarder");
      await Promise.all([expectEndOnTime(ssh, type(ssh, "x")), expectEndOnTime(later, type(later, "x"))]);
      const actions = (await auditOf(lab, "hoarder")).map(({ action }) => action);
      expect(actions.filter((it) => it === "notice")).toHaveLength(4);
    });

    test("a program that floods its terminal while the notice is written", async () => {
      const ssh = await login("flooder");
      await expectEndOnTime(ssh, type(ssh, `${FLOOD}\r`));
      const actions = (await auditWithEnd(lab, "flooder")).map(({ action }) => action);
      expect(actions).toEqual(["notice", "notice", "end"]);
    });

    test("touch -a on one's own tty, with trust_tty_times = true, keeps a login as a key does", async () => {
      const ssh = await login("toucher");
      ssh.write(`${TOUCH}\r`);
      expect(await aliveAfter(ssh, 2.5 * LIMIT_S)).toBe(true);
      ssh.kill();
    });

    test("touch -a on one's own tty, with trust_tty_times = false", async () => {
      const ssh = await login("forger");
      await expectEndOnTime(ssh, type(ssh, `${TOUCH}\r`));
    });

    test("touch -a behind a program that redraws, with trust_tty_times = false", async () => {
      const ssh = await login("painter");
      await expectEndOnTime(ssh, type(ssh, `(${TOUCH}) & top -d 0.5\r`));
    });

    test("a tty's time set a day ahead gives no more than a touch of now", async () => {
      const ssh = await login("prophet");
      const touchedAt = type(ssh, "touch -a -d '1 day' $(tty); sleep 1000\r");
      await ssh.exit;
      // It is seen at the first look, halfway to the first notice, and a touch at that moment would count to the end of its bucket.
      expect(performance.now() - touchedAt).toBeLessThan((1.5 * LIMIT_S + 8 + 7) * 1000);
    });

    test("one key in ten seconds, with trust_tty_times = false, is seen", async () => {
      const ssh = await login("typist");
      const typing = setInterval(() => ssh.write("x"), 10_000);
      expect(await aliveAfter(ssh, 2.5 * LIMIT_S)).toBe(true);
      clearInterval(typing);
      ssh.kill();
    });

    test("a notice is answered by one key, with trust_tty_times = false", async () => {
      const ssh = await login("answerer");
      ssh.write("\r");
      await ssh.waitFor(/closes in/);
      const answeredAt = type(ssh, "x");
      await ssh.waitFor(/afkill: your login stays/);
      await expectEndOnTime(ssh, answeredAt);
    });
  });

  describe.concurrent.each(releases)("$name", (release) => {
    test("touch -a on one's own tty where its user has filled /run, with trust_tty_times = false", async () => {
      await using lab = await startLab({ release, hook: "pam", policy: POLICY, sshd: KEEPALIVES });
      for (const user of ["forger", "typist"]) await lab.addUser(user);
      // As GNU screen makes it.
      await lab.must("mount -o remount,size=2m,nr_inodes=500 /run && mkdir -m 1777 /run/screen");
      const [before, typist] = await Promise.all([atPrompt(lab, "forger"), atPrompt(lab, "typist")]);
      await before.waitFor(async () => (await lab.run("ls /run/afkill/*/checked | wc -l")).stdout === "2\n");
      before.write(`${FILL}\r`);
      await before.waitFor(/^filled/m);
      const typing = setInterval(() => typist.write("x"), 5000);
      // One whose watchdog has a place for its memory, and one whose watchdog has none.
      const after = await atPrompt(lab, "forger");
      await before.waitFor(async () => (await lab.syslog()).includes("guarded without a memory"));
      const logins = [before, after];
      await Promise.all(logins.map((ssh) => expectEndOnTime(ssh, type(ssh, `${TOUCH}\r`))));
      expect(await aliveAfter(typist, LIMIT_S)).toBe(true);
      clearInterval(typing);
      expect(await auditOf(lab, "typist")).toEqual([]);
    });
  });
});
