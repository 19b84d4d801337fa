// Must not be fooled: the hooks that run as the user. There a user can stop their watchdog; nobody else can, and none of this does.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../lab/lab.ts";
import { releases } from "../lab/release.ts";
import {
  aliveAfter,
  atPrompt,
  expectEndOnTime,
  LIMIT_S,
  policyOfSeconds,
  timesPrinted,
  type,
} from "../support/logins.ts";

/** What a user's own start-up file does before the hook starts: sshd has their shell run it. */
const STARTUPS = [
  {
    title: "as the user: a locale that is not there",
    user: "locale",
    startup: "export LC_ALL=xx_YY LANG=tr_TR.UTF-8 TZ=:/x",
  },
  { title: "as the user: a PATH without programs", user: "path", startup: "export PATH=/nowhere" },
  { title: "as the user: a umask of 777", user: "umask", startup: "umask 777" },
  { title: "as the user: a ulimit of empty files", user: "fsize", startup: "ulimit -f 0" },
  {
    title: "as the user: a cwd that is gone",
    user: "cwd",
    startup: "mkdir -p ~/gone; cd ~/gone; rmdir ~/gone",
  },
  {
    title: "as the user: functions, ENV and NODE_OPTIONS",
    user: "functions",
    // What the user's own shell calls at its prompt must work: on Debian unstable systemd's profile reads there.
    startup: `case $- in *i*) return ;; esac
      sleep() { exit; }; read() { [ -n "$PS1" ] || exit; builtin read "$@"; }; export -f sleep read
      export ENV=~/x BASH_ENV=~/x NODE_OPTIONS=--require=/nowhere LD_LIBRARY_PATH=/nowhere IFS=0`,
  },
];

describe("must not be fooled", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    let lab: Lab;
    beforeAll(async () => {
      const policy = policyOfSeconds('activity = ["input"]');
      lab = await startLab({ release, hook: "force-command", policy });
    });
    afterAll(() => lab?.stop());

    /** Adds a user, whose directory of state is the returned one: a lab has no /run/user. */
    const add = async (user: string): Promise<string> => {
      await lab.addUser(user);
      return `/tmp/afkill-${(await lab.must(`id -u ${user}`)).trim()}`;
    };

    for (const { title, user, startup } of STARTUPS)
      test(title, async () => {
        await add(user);
        await lab.write(`/home/${user}/.bashrc`, `${startup}\n`);
        const ssh = await atPrompt(lab, user);
        await expectEndOnTime(ssh, type(ssh, "x"));
        expect(timesPrinted(ssh, /afkill: closes in/)).toBe(2);
      });

    test("as the user: ulimits that let no check run leave the login alone, and the log says so", async () => {
      await add("nofile");
      await lab.write("/home/nofile/.bashrc", "ulimit -n 16\n");
      const ssh = await atPrompt(lab, "nofile");
      ssh.write("x");
      expect(await aliveAfter(ssh, 2 * LIMIT_S)).toBe(true);
      expect(await lab.syslog()).toMatch(/afkill.*check failed with status \d+, the login is left alone/);
      ssh.kill();
    });

    test("as the user: another user's symlink where the state is kept", async () => {
      const state = await add("linked");
      await add("mallory");
      const treasure = "/home/linked/treasure";
      await lab.must(`mkdir ${treasure}; echo gold >${treasure}/checked; chown -R linked ${treasure}`);
      await lab.must(`ln -s ${treasure} ${state}`, { user: "mallory" });
      const ssh = await atPrompt(lab, "linked");
      await expectEndOnTime(ssh, type(ssh, "x"));
      expect(await lab.must(`ls ${treasure}; cat ${treasure}/checked`)).toBe("checked\ngold\n");
      expect(await lab.syslog()).toMatch(/cannot write in .*: the login is guarded without a memory/);
    });

    test("as the user: another user's directory where the state is kept", async () => {
      const state = await add("lodger");
      await add("landlord");
      await lab.must(`mkdir -p -m 777 ${state}/afkill`, { user: "landlord" });
      await lab.must(`chmod 777 ${state} ${state}/afkill`, { user: "landlord" });
      const ssh = await atPrompt(lab, "lodger");
      await expectEndOnTime(ssh, type(ssh, "x"));
      expect(await lab.must(`ls ${state}/afkill`)).toBe("");
    });

    test("as the user: a file where the state is kept", async () => {
      const state = await add("filed");
      await lab.must(`echo x >${state}`, { user: "filed" });
      const ssh = await atPrompt(lab, "filed");
      await expectEndOnTime(ssh, type(ssh, "x"));
      expect(await lab.must(`cat ${state}`)).toBe("x\n");
    });

    test("as the user: 1 MB of garbage in the state file", async () => {
      const state = await add("garbage");
      const ssh = await atPrompt(lab, "garbage");
      const lastKeyAt = type(ssh, "x");
      const memory = `${state}/afkill/*/memory.json`;
      await ssh.waitFor(async () => (await lab.run(`ls ${memory}`)).status === 0);
      await lab.must(`for file in ${memory}; do head -c 1000000 /dev/urandom >$file; done`, {
        user: "garbage",
      });
      await expectEndOnTime(ssh, lastKeyAt);
    });
  });
});
