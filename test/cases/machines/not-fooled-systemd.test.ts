// Attackers whose service manager, bus and logind do for them what users may ask for: no login is kept by it, and nobody else's suffers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootMachine, type Machine } from "../../lab/machine/machine.ts";
import { bookworm, stable } from "../../lab/release.ts";
import type { Ssh } from "../../lab/ssh.ts";
import { expectIdleEnd, lastKeys, logIn } from "../../support/idle.ts";

const limitS = 20;
/** What many logins that idle at once on one slow processor may take longer. */
const CROWD_S = 20;
/** A last line that nobody reads (10 s), a SIGTERM and a SIGKILL that do not help (5 s each). */
const STUBBORN_S = 20;
/** Tess is at work all the time. */
const policy = `
idle_timeout = "${limitS}s"
warn_before = ["10s", "5s"]
`;

const MANAGER = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager";

/** Moves processes into a scope of their user's own service manager, which asks process 1 for it. They are words of a shell: `$$`, `$PPID`. */
function toOwnScope(...pids: readonly string[]): string {
  const inScope = pids.map((pid) => `grep -q own.scope /proc/${pid}/cgroup`).join(" && ");
  return `
busctl --user --quiet call ${MANAGER} StartTransientUnit 'ssa(sv)a(sa(sv))' own.scope fail 1 PIDs au ${pids.length} ${pids.join(" ")} 0
until ${inScope}; do sleep 0.2; done
`;
}

interface Attack {
  readonly what: string;
  readonly user: string;
  /** What the shell of the login runs first. */
  readonly first: string;
  /** What the user runs outside of the login once it idles; `$session` is its id. */
  readonly later?: string;
  readonly laterS?: number;
}

const attacks: readonly Attack[] = [
  {
    what: "limits tasks, memory and CPU of a scope that holds their shell and sshd",
    user: "lima",
    first: toOwnScope("$$", "$PPID"),
    later: "systemctl --user set-property --runtime own.scope TasksMax=1 MemoryHigh=1M CPUQuota=1%",
    laterS: STUBBORN_S,
  },
  {
    what: "has their service manager freeze a scope that holds their shell and sshd",
    user: "fritz",
    first: toOwnScope("$$", "$PPID"),
    later: "systemctl --user freeze own.scope",
    laterS: STUBBORN_S,
  },
  {
    what: "freezes their shell alone, in a scope of their own",
    user: "ilse",
    first: toOwnScope("$$"),
    later: "systemctl --user freeze own.scope",
  },
  {
    what: "takes their sshd out of their session, has logind kill the rest, and lingers",
    user: "otto",
    first: `${toOwnScope("$$", "$PPID")}
read -r _ _ _ privileged _ </proc/$PPID/stat
loginctl enable-linger
loginctl kill-session $XDG_SESSION_ID --kill-whom=leader --signal=KILL
while [ -e /proc/$privileged ]; do sleep 0.2; done`,
  },
  {
    what: "has logind lock their session and stop all of it, and lingers",
    user: "stan",
    first: "loginctl enable-linger",
    later: "loginctl lock-session $session; loginctl kill-session $session --kill-whom=all --signal=STOP",
  },
  {
    what: "has logind stop every process of theirs, their service manager too",
    user: "sten",
    first: ":",
    later: "loginctl kill-user sten --signal=STOP",
  },
  {
    what: "asks process 1 to move, kill, stop, freeze and limit their watchdog",
    user: "wanda",
    first: `
read -r _ _ _ privileged _ </proc/$PPID/stat
sleep 5
for pid in $privileged $(pgrep -u root -f "watchdog $privileged"); do
  busctl call ${MANAGER} AttachProcessesToUnit ssau user@$UID.service / 1 $pid
done
for verb in "kill --signal=KILL" stop freeze; do
  systemctl --no-ask-password $verb "afkill-$privileged-*.scope" afkill.slice
done
systemctl --no-ask-password set-property --runtime afkill.slice TasksMax=1`,
  },
];

/** How users reach a shell that is not below their sshd, on a terminal of its own inside that of the login. */
const inner = [
  {
    how: "systemd-run --user --pty",
    user: "pia",
    by: "systemd-run --user --quiet --pty -E PS1='inner> ' bash",
  },
  {
    how: "machinectl shell",
    user: "max",
    by: "machinectl --quiet -E PS1='inner> ' shell max@.host /bin/bash",
  },
  { how: "run0", user: "ruth", by: "run0 --user=ruth --setenv=PS1='inner> ' bash" },
];

/** Lets Max and Ruth ask for what only administrators may. */
const POLKIT_RULE = `polkit.addRule(function (action, subject) {
  if (subject.user == "max" || subject.user == "ruth") return polkit.Result.YES;
});`;

/** Leaves work behind: a service of the user's own, and a process of the session. */
const LEAVE_WORK = "loginctl enable-linger; systemd-run --user --quiet sleep 1111; setsid -f sleep 2222";

describe("attackers with a service manager", () => {
  describe.each(stable)("$name", (release) => {
    let machine: Machine;
    let tess: Ssh;
    let typing: NodeJS.Timeout;
    beforeAll(async () => {
      machine = await bootMachine({ release, policy, hook: "pam" });
      await machine.addUsers("tess");
      await machine.must("install -m 644 /dev/stdin /etc/polkit-1/rules.d/shells.rules", {
        input: POLKIT_RULE,
      });
      tess = await logIn(machine, "tess");
      typing = setInterval(() => tess.write(" "), 1000);
    }, 400_000);

    afterAll(async () => {
      clearInterval(typing);
      await machine?.stop();
    });

    /** Runs something in the shell of a login, and waits until it has ended. */
    async function runIn(ssh: Ssh, user: string, script: string): Promise<void> {
      await machine.must(`install -m 644 /dev/stdin /home/${user}/first`, { input: script });
      ssh.write(". ./first >>out 2>&1; echo $XDG_SESSION_ID >session; clear; echo re''ady\r");
      await ssh.waitFor(/^ready$/m);
    }

    /** Runs something as a user, outside of every session. */
    function runAs(user: string, script: string): Promise<string> {
      const settings = `session=$(cat /home/${user}/session) XDG_RUNTIME_DIR=/run/user/$(id -u ${user})`;
      return machine.must(`runuser -u ${user} -- env ${settings} sh`, { input: script });
    }

    async function setKillUserProcesses(value: "yes" | "no"): Promise<void> {
      await machine.must(
        `install -D -m 644 /dev/stdin /etc/systemd/logind.conf.d/kill.conf && systemctl restart systemd-logind`,
        { input: `[Login]\nKillUserProcesses=${value}\n` },
      );
    }

    /** Leaves work behind and falls idle; returns which of it is there after the end. */
    async function workLeftBy(user: string): Promise<string> {
      await machine.addUsers(user);
      const ssh = await logIn(machine, user);
      await runIn(ssh, user, LEAVE_WORK);
      await expectIdleEnd(machine, await lastKeys(machine, user, ssh), { limitS, laterS: CROWD_S });
      // logind takes its time.
      await machine.must("sleep 5");
      return machine.must(`pgrep -u ${user} -fa 'sleep (1111|2222)$' | grep -o 'sleep .*'`);
    }

    test("KillUserProcesses=yes: of what a lingering user leaves behind, a service lives on, and no login", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await setKillUserProcesses("yes");
      expect(await workLeftBy("yves")).toBe("sleep 1111\n");
      await setKillUserProcesses("no");
    });

    // The cases from here on do not disturb one another, and run side by side.

    test.concurrent("KillUserProcesses=no: what a lingering user leaves behind lives on, and no login", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      expect((await workLeftBy("nora")).split("\n").sort()).toEqual(["", "sleep 1111", "sleep 2222"]);
    });

    test.concurrent.each(attacks.map((it) => [it.what, it] as const))(
      "a user %s: the login is ended on time",
      async (_, { user, first, later, laterS = 0 }) => {
        await machine.addUsers(user);
        const ssh = await logIn(machine, user);
        await runIn(ssh, user, first);
        const idle = await lastKeys(machine, user, ssh);
        if (later !== undefined) await runAs(user, later);
        await expectIdleEnd(machine, idle, { limitS, laterS: laterS + CROWD_S });
      },
    );

    test.concurrent("a user has logind end all of theirs: nothing of it stays", async ({ onTestFailed }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await machine.addUsers("tim");
      const ssh = await logIn(machine, "tim");
      await runIn(ssh, "tim", toOwnScope("$$", "$PPID"));
      ssh.write("loginctl terminate-user tim\r");
      await ssh.exit;
      await ssh.waitFor(async () => (await machine.run("pgrep -u tim")).status === 1);
    });

    // run0 came with systemd 256.
    const ways = inner.filter(({ how }) => how !== "run0" || release !== bookworm);
    test.concurrent.each(ways)(
      "inside $how, keys keep the login, and without them it is ended on time",
      async ({ user, by }) => {
        await machine.addUsers(user);
        const ssh = await logIn(machine, user);
        ssh.write("echo pid=$PPID\r");
        await ssh.waitFor(/^pid=\d+$/m);
        const sshd = /^pid=(\d+)$/m.exec(ssh.screen())?.[1];
        ssh.write(`clear; ${by} --norc\r`);
        await ssh.waitFor(/^inner> $/m);
        const cgroups = await machine.must(
          `cat /proc/$(pgrep -n -u ${user} -f '^[^ ]*bash --norc$')/cgroup /proc/${sshd}/cgroup`,
        );
        expect(new Set(cgroups.trim().split("\n")).size).toBe(2);
        // On a busy machine a command takes seconds: the keys do not wait for any.
        const keys = setInterval(() => ssh.write(" "), 1000);
        await machine.must(`sleep ${2 * limitS}`);
        const idle = await lastKeys(machine, user, ssh, sshd).finally(() => clearInterval(keys));
        await expectIdleEnd(machine, idle, { limitS, laterS: CROWD_S });
        const ends = (await machine.audit()).filter((it) => it.user === user && it.action === "end");
        expect(ends).toMatchObject([{ ended: true, lastActivity: expect.stringContaining("input") }]);
      },
    );

    test("after all of them the one who typed goes on, and no other watchdog is left", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const scopes = () => machine.must("systemctl list-units --plain --no-legend 'afkill-*.scope'");
      await tess.waitFor(async () => (await scopes()).trim().split("\n").length === 1);
      clearInterval(typing);
      tess.write("\u0015echo st''ill\r");
      await tess.waitFor(/^still$/m);
      const records = await machine.audit();
      expect(records.filter(({ user }) => user === "tess")).toEqual([]);
      expect(records.filter(({ action, ended }) => action === "end" && !ended)).toEqual([]);
      expect(await machine.syslog()).not.toMatch(/check failed|judged without/);
    });
  });
});
