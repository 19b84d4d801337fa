// Hosts as they are, as whole machines that systemd runs: a watchdog is no part of ssh.service, and nothing of it stays behind.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoginRow } from "../../../src/survey/rows.ts";
import { bootMachine, type Machine } from "../../lab/machine/machine.ts";
import { bookworm, stable } from "../../lab/release.ts";
import type { Ssh } from "../../lab/ssh.ts";
import { expectIdleEnd, keepTyping, lastKeys, logIn } from "../../support/idle.ts";
import { expectSwept, loggedInLongAgo } from "../../support/old-logins.ts";

const limitS = 20;
/** The limit of who first needs time to take all time of the processor away. */
const STARVED_LIMIT_S = 60;
/** What five logins that idle at once on one slow processor may take longer. */
const CROWD_S = 20;
/** For the cases in which somebody falls idle; until them nobody does. */
const policy = `
idle_timeout = "1h"
warn_before = ["10s", "5s"]
[[rule]]
match = { users = ["nora", "yves", "oscar", "sam", "ina", "uma", "kira", "fred", "zoe"] }
idle_timeout = "${limitS}s"
[[rule]]
match = { users = ["theo"] }
idle_timeout = "${STARVED_LIMIT_S}s"
`;

/** The unit that each process of afkill is in, by its cgroup. */
async function unitsOfWatchdogs(machine: Machine): Promise<string[]> {
  const list =
    "for pid in $(pgrep -f '^([^ ]+ )*/usr/lib/afkill/'); do cat /proc/$pid/cgroup 2>/dev/null; done; :";
  return (await machine.must(list)).split("\n").filter(Boolean);
}

/** Logs in alone, and waits until all of afkill is where it shall be. */
async function logInGuarded(machine: Machine): Promise<Ssh> {
  const ssh = await logIn(machine, "alice");
  await ssh.waitFor(async () => {
    const units = await unitsOfWatchdogs(machine);
    return units.length > 0 && units.every((unit) => /^0::\/afkill\.slice\/afkill-[^/]+\.scope$/.test(unit));
  });
  return ssh;
}

/** What `afkill list` tells of the logins of a user. */
async function listed(machine: Machine, user: string): Promise<LoginRow[]> {
  return JSON.parse(await machine.must(`afkill list --json --user ${user}`));
}

/** Whether logind ends what users leave behind at their logout. */
function killsUserProcesses(machine: Machine): Promise<string> {
  const manager = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager";
  return machine.must(`busctl get-property ${manager} KillUserProcesses`);
}

/** Detaches two processes from a login, in the two ways that users know. */
async function detachTwo(ssh: Ssh): Promise<void> {
  ssh.write("nohup sleep 1111 >/dev/null 2>&1 & setsid -f sleep 2222; clear\r");
  await ssh.waitFor(/^[^\n]*\$ *\n/);
}

function detachedBy(machine: Machine, user: string): Promise<string> {
  return machine.must(`pgrep -u ${user} -xfc 'sleep (1111|2222)' || :`);
}

/** Has logind kill the leader of the session, the privileged sshd, before anybody has seen its child. */
const KILL_LEADER = "loginctl kill-session $XDG_SESSION_ID --kill-whom=leader --signal=KILL";

/** Moves the shell and its sshd into a cgroup of its user's own service manager. */
const TO_OWN_CGROUP = `
mkdir /sys/fs/cgroup/user.slice/user-$UID.slice/user@$UID.service/own
systemd=org.freedesktop.systemd1
busctl call $systemd /org/freedesktop/systemd1 $systemd.Manager AttachProcessesToUnit ssau user@$UID.service /own 2 $$ $PPID
`;

/**
 * Moves a shell and its sshd into a cgroup of their user's own. There, once `go` exists, they get a thousandth of a CPU together with many
 * that never rest. One of these keeps the sshd at work, which is the last of them to get any.
 */
const STARVE = `
import os, subprocess, sys, time
shell, sshd = map(int, sys.argv[1:])
uid = os.getuid()
manager = f"/sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service"
os.mkdir(f"{manager}/own")
systemd = "org.freedesktop.systemd1"
moving = ["AttachProcessesToUnit", "ssau", f"user@{uid}.service", "/own", "3", str(shell), str(sshd), str(os.getpid())]
subprocess.run(["busctl", "call", systemd, "/org/freedesktop/systemd1", f"{systemd}.Manager", *moving], check=True)
with open(f"{manager}/cgroup.subtree_control", "w") as control:
    control.write("+cpu")
hold, release = os.pipe()
for number in range(100):
    if os.fork() == 0:
        os.close(release)
        os.read(hold, 1)
        while True:
            if number == 0:
                os.write(1, b"x")
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.2)
os.sched_setscheduler(sshd, os.SCHED_IDLE, os.sched_param(0))
os.setpriority(os.PRIO_PROCESS, sshd, 19)
os.close(release)
time.sleep(3)
open("limited", "w").close()
with open(f"{manager}/own/cpu.max", "w") as limit:
    limit.write("1000 1000000")
`;

/** Where such a cgroup is. */
async function ownCgroup(machine: Machine, user: string): Promise<string> {
  const uid = (await machine.must(`id -u ${user}`)).trim();
  return `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/own`;
}

/** As a fresh Debian has it. */
const SPARE_USER_PROCESSES = "rm -f /etc/systemd/logind.conf.d/kill.conf && systemctl restart systemd-logind";

/** An sshd for each connection, which systemd starts, on a port and on a socket that is a file. */
const PER_CONNECTION = `
systemctl stop ssh.service && systemctl start ssh.socket
cat >/run/systemd/system/per-connection.socket <<END
[Socket]
ListenStream=2222
ListenStream=/run/ssh-unix.socket
Accept=yes
END
cat >/run/systemd/system/per-connection@.service <<END
[Service]
ExecStart=-/usr/sbin/sshd -i
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
StandardInput=socket
StandardError=journal
END
cat >/root/connect.js <<END
const socket = require("node:net").connect("/run/ssh-unix.socket");
process.stdin.pipe(socket).pipe(process.stdout);
socket.on("close", () => process.exit());
END
systemctl daemon-reload && systemctl start per-connection.socket
systemctl is-active ssh.service || :`;

describe("hosts as they are", () => {
  describe.each(stable)("$name", (release) => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await bootMachine({ release, policy: 'idle_timeout = "1h"\n', hook: "pam" });
      await machine.addUsers("alice");
    }, 400_000);

    afterAll(async () => {
      await machine?.stop();
    });

    test("restarting sshd says nothing of a watchdog, and leaves it and its login alone", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const ssh = await logInGuarded(machine);
      const before = (await machine.syslog()).length;
      await machine.must("systemctl restart ssh.service");
      const said = (await machine.syslog()).slice(before);
      expect(said).toContain("Started ssh.service");
      expect(said).not.toMatch(/afkill|watchdog|left-over|remains running/);
      expect(await unitsOfWatchdogs(machine)).not.toEqual([]);
      ssh.write("echo $((40 + 2))\r");
      await ssh.waitFor(/^42$/m);
      ssh.write("exit\r");
      await ssh.exit;
    });

    test("after a logout the watchdog, its scope and its state are gone, and no unit has failed", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const ssh = await logInGuarded(machine);
      ssh.write("exit\r");
      expect((await ssh.exit).status).toBe(0);
      await ssh.waitFor(async () => (await unitsOfWatchdogs(machine)).length === 0);
      await ssh.waitFor(
        async () => (await machine.must("systemctl list-units --all --plain --no-legend 'afkill-*'")) === "",
      );
      expect(await machine.must("systemctl list-units --failed --plain --no-legend")).toBe("");
      expect(await machine.must("ls /run/afkill | grep -c '^[0-9]' || :")).toBe("0\n");
    });

    test("the doctor finds what is wrong, and no more; sshd's own timeouts come and go with a reload of its unit", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const { state, findings } = JSON.parse((await machine.run("afkill doctor --json")).stdout);
      // The test's own way into the machine is a login that no hook sees, of an sshd without PAM.
      const bad = findings.filter(({ level }: { level: string }) => level !== "ok");
      expect(bad).toMatchObject([
        { id: "watchdogs", level: "warning" },
        { id: "unguarded", level: "error", what: expect.stringContaining("/etc/ssh/lab_sshd_config") },
      ]);
      expect(state).toBe("error");

      const pid = await machine.must("cat /run/sshd.pid");
      const shown = (keyword: string) => machine.must(`sshd -T | sed -n 's/^${keyword} //Ip'`);
      expect(await machine.must("afkill sshd apply --unused-connection-timeout 1h")).toContain(
        "reload ssh.service\n",
      );
      expect([await shown("clientaliveinterval"), await shown("unusedconnectiontimeout")]).toEqual([
        "60\n",
        "3600\n",
      ]);
      expect(JSON.parse(await machine.must("afkill sshd status --json"))).toMatchObject({ unread: [] });
      expect((await machine.run("afkill sshd apply --channel-timeout bogus")).status).toBe(1);
      expect(await shown("unusedconnectiontimeout")).toBe("3600\n");
      expect(await machine.must("afkill sshd revert")).toContain("reload ssh.service\n");
      expect(await shown("clientaliveinterval")).toBe("0\n");
      expect(await machine.must("cat /run/sshd.pid")).toBe(pid);
      const ssh = await logInGuarded(machine);
      ssh.write("exit\r");
      expect((await ssh.exit).status).toBe(0);
    });

    test("the unit of a sweep puts back a hook that is gone, and sshd knows of it at once", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const dropIn = "/etc/ssh/sshd_config.d/50-afkill-pam.conf";
      const isOwn = async () => (await machine.run(`test -e ${dropIn}`)).status === 0;
      expect(await isOwn()).toBe(release !== bookworm);
      await machine.must(`rm -f ${dropIn}; sed -i /afkill/d /etc/pam.d/sshd; systemctl reload ssh.service`);
      expect((await machine.run("afkill doctor")).stdout).toMatch(
        /^error +pam-rule .* no login is guarded$/m,
      );
      await machine.must("systemctl link /usr/lib/afkill/dist/pam/afkill-sweep.service");
      await machine.must("systemctl start afkill-sweep.service");
      const log = await machine.must("journalctl --quiet --no-pager -u afkill-sweep.service");
      expect(log).toMatch(/has no line of afkill: hook pam was put back \(/);
      expect(log).not.toContain("not guarded");
      expect(await isOwn()).toBe(release !== bookworm);
      expect((await machine.run("afkill doctor")).stdout).toMatch(/^ok +pam-rule /m);
      const ssh = await logInGuarded(machine);
      ssh.write("exit\r");
      expect((await ssh.exit).status).toBe(0);
      await machine.must("systemctl disable afkill-sweep.service");
    });

    // From here on the stamps of the log and the boot clock differ, until the reboot.
    test("the timer of a sweep, and then cron's line, end the idle one of two logins of two hours, not the one typed in", {
      timeout: 400_000,
    }, async ({ onTestFailed }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const logins = await loggedInLongAgo(machine, ["bob", "carol", "dave", "erin"]);
      const units = "/usr/lib/afkill/dist/pam";
      await expectSwept(
        machine,
        logins,
        { idle: "bob", typing: "carol", spared: ["dave", "erin"] },
        async () => {
          await machine.must(`systemctl link ${units}/afkill-sweep.service`);
          await machine.must(`systemctl enable --now ${units}/afkill-sweep.timer`);
        },
      );
      const sweeps = await machine.must("journalctl --quiet --no-pager -u afkill-sweep.service");
      expect(sweeps).toMatch(/ended bob on pts/);
      expect(sweeps).toMatch(/kept carol on pts.*a key/);
      expect(await machine.must("systemctl list-units --failed --plain --no-legend")).toBe("");
      await machine.must("systemctl disable --now afkill-sweep.timer");
      await machine.must("systemctl disable afkill-sweep.service");

      await expectSwept(machine, logins, { idle: "dave", typing: "erin", spared: [] }, () =>
        machine.must(`install -m 644 ${units}/afkill-sweep.cron /etc/cron.d/afkill-sweep`),
      );
      const cron = await machine.must("journalctl --quiet --no-pager -u cron.service");
      expect(cron).toMatch(/CMD \(.*\/usr\/sbin\/afkill sweep/);
      // It would say so of output that it cannot mail.
      expect(cron).not.toMatch(/MTA|discarding/);
      await machine.must("rm /etc/cron.d/afkill-sweep");
    });

    test("a reboot: afkill is in place, and logins are guarded again", async ({ onTestFailed }) => {
      onTestFailed(async () => console.log(await machine.report()));
      const before = await logInGuarded(machine);
      const states = "cd /run/afkill && ls -d [0-9]*";
      const stale = (await machine.must(states)).split("\n");
      const records = (await machine.audit()).length;
      await machine.must(`install -D -m 644 /dev/stdin /etc/systemd/logind.conf.d/kill.conf`, {
        input: "[Login]\nKillUserProcesses=yes\n",
      });
      await machine.reboot();
      await before.exit;
      const ssh = await logInGuarded(machine);
      expect(await listed(machine, "alice")).toMatchObject([{ watchdog: "root", fault: null }]);
      const [login] = await listed(machine, "alice");
      const fresh = (await machine.must(states)).split("\n").filter(Boolean);
      expect(fresh).toEqual([expect.stringMatching(new RegExp(`^${login?.sshdPid}-\\d+$`))]);
      expect(stale).not.toContain(fresh[0]);
      expect((await machine.audit()).length).toBe(records);
      ssh.write("exit\r");
      await ssh.exit;
    });

    test("KillUserProcesses=yes: an idle login is ended with all that it began, and no other of its user's", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      expect(await killsUserProcesses(machine)).toBe("b true\n");
      await machine.writePolicy(policy);
      await machine.addUsers("yves");
      const [ssh, other] = await Promise.all([logIn(machine, "yves"), logIn(machine, "yves")]);
      const typing = setInterval(() => other.write(" "), 1000);
      try {
        await detachTwo(ssh);
        await expectIdleEnd(machine, await lastKeys(machine, "yves", ssh), { limitS });
        await other.waitFor(async () => (await detachedBy(machine, "yves")) === "0\n");
        expect(await listed(machine, "yves")).toMatchObject([{ watchdog: "root", fault: null }]);
        other.write("\u0015echo st''ill\r");
        await other.waitFor(/^still/m);
      } finally {
        clearInterval(typing);
        other.kill();
      }
    });

    // The cases from here on do not disturb one another, and run side by side.

    /** From here on systemd listens, and starts an sshd when somebody comes. */
    let listening: Promise<string> | undefined;
    const listen = () => {
      listening ??= machine.must(SPARE_USER_PROCESSES).then(() => machine.must(PER_CONNECTION));
      return listening;
    };

    /** Logs in and falls idle; in between sees that the login is there, guarded, and comes from that address. */
    async function expectGuardedAndEnded(
      user: string,
      options: readonly string[],
      client: string | null,
      says = "closed by remote host",
    ) {
      await machine.addUsers(user);
      const ssh = await logIn(machine, user, options);
      // A busy machine lists its logins for longer than one of them may be idle.
      const rests = keepTyping(ssh, 2_000);
      expect(await listed(machine, user)).toMatchObject([{ user, client, watchdog: "root", fault: null }]);
      rests();
      const idle = await lastKeys(machine, user, ssh);
      await expectIdleEnd(machine, idle, { limitS, laterS: CROWD_S, says });
      const ends = (await machine.audit()).filter((it) => it.user === user && it.action === "end");
      expect(ends).toMatchObject([{ client, ended: true }]);
    }

    test.concurrent("sshd by socket activation: a login is guarded, and ended on time", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      expect(await listen()).toBe("inactive\n");
      await expectGuardedAndEnded("sam", [], "10.0.0.1");
      expect(await machine.must("systemctl show --property TriggeredBy,ActiveState ssh.service")).toBe(
        "TriggeredBy=ssh.socket\nActiveState=active\n",
      );
    });

    test.concurrent("sshd by socket activation, one a connection: a login is guarded, and ended on time", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await expectGuardedAndEnded("ina", ["-p", "2222"], "10.0.0.1");
    });

    test.concurrent("sshd on a unix socket: a login from no address is guarded, and ended on time", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      const through = `ssh -F ${machine.sshConfig} control /usr/lib/afkill/node /root/connect.js`;
      await expectGuardedAndEnded("uma", ["-o", `ProxyCommand=${through}`], null, "login of uma closed");
    });

    test.concurrent("a user has logind kill their privileged sshd at once: the login is guarded, and ended on time", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await machine.addUsers("kira");
      const ssh = machine.ssh("kira", ["-tt"], `${KILL_LEADER}; exec bash`);
      await ssh.waitFor(/\$ $/m);
      const rests = keepTyping(ssh, 2_000);
      const [login] = await listed(machine, "kira");
      expect(login).toMatchObject({ watchdog: "root", fault: null });
      expect(await machine.must(`ps -o ppid= -p ${login?.sshdPid}`)).toMatch(/^ *1\n$/);
      rests();
      const idle = await lastKeys(machine, "kira", ssh);
      await expectIdleEnd(machine, idle, { limitS, laterS: CROWD_S });
    });

    test.concurrent("a user freezes their shell and its sshd in a cgroup of their own: the login is ended on time", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await machine.addUsers("fred");
      await machine.must("install -m 644 /dev/stdin /home/fred/move", { input: TO_OWN_CGROUP });
      const ssh = await logIn(machine, "fred");
      ssh.write(". ./move; clear\r");
      await ssh.waitFor(/^[^\n]*\$ *\n/);
      const idle = await lastKeys(machine, "fred", ssh);
      const own = await ownCgroup(machine, "fred");
      expect(await machine.must(`grep -c . ${own}/cgroup.procs`)).toBe("2\n");
      await machine.must(`runuser -u fred -- dash -c 'echo 1 >${own}/cgroup.freeze'`);
      await expectIdleEnd(machine, idle, { limitS, laterS: CROWD_S });
    });

    test.concurrent("an idle login that shows a tmux in which another login types is ended on time, and the other goes on", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await machine.writePolicy(policy);
      await machine.addUsers("zoe");
      const other = await logIn(machine, "zoe");
      const typing = setInterval(() => other.write("x"), 1000);
      try {
        other.write("\u0015tmux new -s both\r");
        await other.waitFor(/^\[both\] /m);
        const ssh = await logIn(machine, "zoe");
        const idle = await lastKeys(machine, "zoe", ssh);
        ssh.write("tmux attach -t both\r");
        await ssh.waitFor(/^\[both\] /m);
        await expectIdleEnd(machine, idle, { limitS, laterS: CROWD_S });
        expect(await listed(machine, "zoe")).toMatchObject([{ watchdog: "root", fault: null }]);
        other.write("\u0015echo st''ill\r");
        await other.waitFor(/^still/m);
      } finally {
        clearInterval(typing);
        other.kill();
      }
    });

    test.concurrent("KillUserProcesses=no: an idle login is ended, and what its user detached lives on", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      expect(await killsUserProcesses(machine)).toBe("b false\n");
      await machine.addUsers("nora");
      const ssh = await logIn(machine, "nora");
      await detachTwo(ssh);
      await expectIdleEnd(machine, await lastKeys(machine, "nora", ssh), { limitS, laterS: CROWD_S });
      expect(await detachedBy(machine, "nora")).toBe("2\n");
    });

    // These make the machine late for everybody, and so each runs alone.

    test("an OOM kill of a check restarts no sshd, and its login is guarded on", async ({ onTestFailed }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await machine.addUsers("oscar");
      const ssh = await logIn(machine, "oscar");
      const idle = await lastKeys(machine, "oscar", ssh);
      const [login] = await listed(machine, "oscar");
      const sshd = () =>
        machine.must("systemctl show --property MainPID,NRestarts,Result,ActiveEnterTimestampMonotonic ssh");
      const before = await sshd();
      // The check that gives a notice stays until it has come to something; another one is over in a moment. On the machine itself, since
      // asking a busy one from here can take longer than the notice stands. As it is, a user cannot bring this about: others are ended first.
      const adjusted = await machine.must(`while :; do
        for pid in $(pgrep -f 'check[.]js .*--privileged ${login?.sshdPid}:'); do
          if [ "$(ps -o etimes= -p "$pid")" -ge 3 ]; then
            cat "/proc/$pid/oom_score_adj"; echo 1000 >"/proc/$pid/oom_score_adj"; echo f >/proc/sysrq-trigger; exit
          fi
        done
        sleep 0.5
      done`);
      expect(adjusted).toBe("-500\n");
      await ssh.waitFor(async () => /afkill\[.*check failed with status 137/.test(await machine.syslog()));
      expect(await machine.must("journalctl --quiet --dmesg")).toMatch(
        /Out of memory: Killed process \d+ \(node/,
      );
      expect(await sshd()).toBe(before);
      // Half a minute later the next check gives the whole notice again.
      await expectIdleEnd(machine, idle, { limitS, laterS: 40 + CROWD_S });
      expect(await sshd()).toBe(before);
    });

    test("a user lets their sshd have no time of a CPU, in a cgroup of their own: the login is ended", async ({
      onTestFailed,
    }) => {
      onTestFailed(async () => console.log(await machine.report()));
      await listen();
      await machine.writePolicy(policy);
      await machine.addUsers("theo");
      await machine.must("install -m 644 /dev/stdin /home/theo/starve", { input: STARVE });
      const ssh = await logIn(machine, "theo");
      ssh.write("(setsid python3 starve $$ $PPID </dev/null &)\r");
      await ssh.waitFor(/ready$/m);
      const idle = await lastKeys(machine, "theo", ssh);
      await machine.must("touch /home/theo/go");
      // The terminal takes no last line (10 s), and neither SIGTERM nor SIGKILL helps (5 s each).
      await expectIdleEnd(machine, idle, { limitS: STARVED_LIMIT_S, laterS: 20 + CROWD_S });
      const ends = (await machine.audit()).filter((it) => it.user === "theo" && it.action === "end");
      expect(ends).toMatchObject([{ ended: true }]);
      const limitedS = Number(await machine.must("stat -c %.Y /home/theo/limited"));
      expect(limitedS * 1000).toBeLessThan(Date.parse(ends[0]?.time ?? "") - 10_000);
      await machine.must("pkill -KILL -u theo -f starve || :");
    });
  });
});
