// The hooks start one watchdog a login, which costs next to nothing, and goes when its login goes.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { calls, changePolicy, claims, startHooks, watchdogs } from "../support/hooks.ts";

/** So that no check comes unless a test causes it. */
async function notBefore(lab: Lab, seconds: number): Promise<void> {
  await lab.must(`mkdir -p /run/afkill; echo ${seconds} >/run/afkill/first-check`);
}

/** The sshds of visitor's login: the privileged one, and the child. */
function sshds(lab: Lab): { privileged: number; child: number } {
  const child = lab
    .processes()
    .find(({ user, comm }) => user === "visitor" && /^sshd(-session)?$/.test(comm));
  if (!child) throw new Error("visitor has no sshd");
  return { privileged: child.ppid, child: child.pid };
}

const hidden = (lab: Lab) => (pid: number) =>
  !lab.processes().some((it) => it.pid === pid && it.state !== "Z");
const SLICE_BOUND_MS = 60_000;

/** Called as `env -i COMMAND`. */
const WAITING_ENV = `
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words) {
  char *nothing[] = {0};
  if (fork() == 0) execve(words[2], words + 2, nothing);
  return wait(0) == -1;
}
`;

describe.concurrent("one login", () => {
  test("has one watchdog, root's, with all three hooks; dormant it is sh and sleep", async () => {
    await using lab = await startHooks({ pam: true, forced: true, profile: true });
    await notBefore(lab, 3600);
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(/[$] ?$/m);
    await ssh.waitFor(async () => (await claims(lab)).length === 1);
    await ssh.waitFor(() => watchdogs(lab).length === 1, SLICE_BOUND_MS);
    const [watchdog] = watchdogs(lab);
    expect(watchdog?.user).toBe("root");
    await ssh.waitFor(() => {
      const below = lab.processes().filter(({ ppid }) => ppid === watchdog?.pid);
      return below.length === 1 && below[0]?.comm === "sleep";
    });
    expect(watchdog?.exe).toMatch(/\/dash$/);
    expect(lab.nodes()).toEqual([]);
    expect(await calls(lab)).toEqual([]);
    // Nothing of sshd's is open in it.
    const open = await lab.must(`find /proc/${watchdog?.pid}/fd -lname '*' -printf '%l\\n' | sort`);
    expect(open).toMatch(/^(\/dev\/null\n){3}\/run\/afkill\/\S+\/lock\n\/usr\/lib\/afkill\/watchdog\n$/);
    expect(await lab.must(`ls -l /proc/$(pgrep -P ${watchdog?.pid})/fd | grep -c -- '->'`)).toBe("3\n");
    ssh.write("exit\r");
    await ssh.exit;
    await ssh.waitFor(() => watchdogs(lab).length === 0, SLICE_BOUND_MS);
    expect(await claims(lab)).toEqual([]);
  });

  test.each([{ pam: true }, { forced: true }, { profile: true }])(
    "does not wait for its watchdog with %o",
    async (hooks) => {
      await using lab = await startHooks(hooks);
      const command = hooks.profile ? "bash -l -c true" : "true";
      for (let i = 0; i < 3; i++)
        expect(await lab.run(`ssh visitor@lab '${command}'`)).toEqual({ status: 0, stdout: "", stderr: "" });
      await lab.must("while pgrep -f /[a]fkill/watchdog; do sleep 0.1; done");
      expect(await calls(lab)).toEqual([]);
    },
  );

  test("is watched as long as its child sshd lives, after a SIGKILL of the privileged one", async () => {
    await using lab = await startHooks({ pam: true, answer: "echo 5" });
    const ssh = lab.ssh("visitor", [], "cat");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    const { privileged, child } = sshds(lab);
    await lab.must(`kill -KILL ${privileged}`);
    await ssh.waitFor(() => hidden(lab)(privileged));
    const before = (await calls(lab)).length;
    await ssh.waitFor(async () => (await calls(lab)).length > before + 1);
    expect((await calls(lab)).at(-1)).toMatch(
      new RegExp(`--privileged ${privileged}:\\d+ --child ${child}:\\d+$`),
    );
    await lab.must(`kill -KILL ${child}`);
    await ssh.waitFor(() => watchdogs(lab).length === 0, SLICE_BOUND_MS);
    expect(await claims(lab)).toEqual([]);
    ssh.kill();
  });

  test("is watched where env(1) waits for the command instead of becoming it", async () => {
    await using lab = await startHooks({ pam: true });
    await lab.write("/root/env.c", WAITING_ENV);
    await lab.must(`gcc -o /usr/lib/afkill/env /root/env.c
      chgrp nogroup /usr/lib/afkill/env && chmod 2710 /usr/lib/afkill/env`);
    const ssh = lab.ssh("visitor", [], "cat");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    expect((await calls(lab))[0]).toMatch(new RegExp(`--privileged ${sshds(lab).privileged}:\\d+ `));
    ssh.kill();
  });

  test("of root, whose sshds are one before OpenSSH 9.8, is watched", async () => {
    await using lab = await startHooks({ pam: true, forced: true });
    const ssh = lab.ssh("root", [], "cat");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    expect((await calls(lab))[0]).toMatch(/--privileged \d+:\d+( --child \d+:\d+)?$/);
    await ssh.waitFor(() => watchdogs(lab).length === 1);
    ssh.kill();
    await ssh.waitFor(() => watchdogs(lab).length === 0, SLICE_BOUND_MS);
  });

  test("lives on, and the log says why, when checks fail and when the program is gone", async () => {
    await using lab = await startHooks({ pam: true, answer: "echo no luck; exit 3" });
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => /afkill.*check failed with status 3.*no luck/.test(await lab.syslog()));
    await lab.must("rm -rf /usr/lib/afkill");
    await changePolicy(lab);
    await ssh.waitFor(async () => /check failed with status 127/.test(await lab.syslog()), SLICE_BOUND_MS);
    expect(watchdogs(lab)).toHaveLength(1);
    expect(await lab.run("ssh visitor@lab 'exit 23'")).toEqual({ status: 23, stdout: "", stderr: "" });
    ssh.write("echo still-$((40 + 2))\r");
    await ssh.waitFor(/still-42/);
  });

  test("keeps its watchdog over an upgrade", async () => {
    await using lab = await startHooks({ pam: true });
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    await lab.must(
      `cd /usr/lib/afkill; yes 'exit 9 #' | head -c 20000 >new; cat new >watchdog; mv new watchdog`,
    );
    await changePolicy(lab);
    await ssh.waitFor(async () => (await calls(lab)).length === 2, SLICE_BOUND_MS);
    expect(watchdogs(lab)).toHaveLength(1);
  });
});

describe.concurrent("a hook of the user's", () => {
  test("finds the login's sshds, and tells the check who connects", async () => {
    await using lab = await startHooks({ profile: true });
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    const { privileged, child } = sshds(lab);
    const [uid, call] = [(await lab.must("id -u visitor")).trim(), (await calls(lab))[0] ?? ""];
    expect(call).toMatch(new RegExp(`^${uid} `));
    expect(call).toMatch(
      new RegExp(
        `--privileged ${privileged}:\\d+ --child ${child}:\\d+ --connection 127.0.0.1 \\d+ 127.0.0.1 22$`,
      ),
    );
    const state = /--state (\S+)/.exec(call)?.[1];
    expect(await lab.must(`stat -c '%U %a' ${state}`)).toBe("visitor 700\n");
    ssh.write("exit\r");
    await ssh.exit;
    await ssh.waitFor(() => watchdogs(lab).length === 0, SLICE_BOUND_MS);
    expect((await lab.run(`test -e ${state}`)).status).toBe(1);
  });

  test("says that it guards nothing where it cannot see the login's own sshd", async () => {
    await using lab = await startHooks({ forced: true });
    await lab.must("mount -o remount,hidepid=2 /proc");
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => /afkill.*hidepid.*not guarded/.test(await lab.syslog()));
    await ssh.waitFor(/visitor@lab/);
    expect(await calls(lab)).toEqual([]);
  });

  test("does not use a directory that somebody else made for it", async () => {
    await using lab = await startHooks({ profile: true });
    await lab.must("mkdir -m 777 /tmp/afkill-$(id -u visitor); mkdir /tmp/trap");
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    expect((await calls(lab))[0]).toContain("--state /dev/null/afkill");
    expect(await lab.must("ls /tmp/afkill-*")).toBe("");
    await lab.must(
      "rmdir /tmp/afkill-* && ln -s /tmp/trap /tmp/afkill-$(id -u visitor) && chown visitor /tmp/trap",
    );
    const other = lab.ssh("visitor");
    await other.waitFor(async () => (await calls(lab)).length === 2);
    expect((await calls(lab))[1]).toContain("--state /dev/null/afkill");
    expect(await lab.syslog()).toMatch(/afkill.*cannot write in /);
  });

  test("starts nothing for su -, sudo -i, a shell in tmux, or one that reads the profile again", async () => {
    await using lab = await startHooks({ profile: true });
    await lab.must("echo 'visitor ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/visitor; rm -f /etc/pam.d/su-l");
    await lab.must(
      "printf 'auth sufficient pam_permit.so\\naccount required pam_permit.so\\nsession required pam_permit.so\\n' >/etc/pam.d/su-l",
    );
    const ssh = lab.ssh("visitor");
    await ssh.waitFor(async () => (await calls(lab)).length === 1);
    const pids = () => watchdogs(lab).map(({ pid }) => pid);
    const first = pids();
    expect(first).toHaveLength(1);
    // Each leaves a file when its login shell has read the profile.
    await lab.write(
      "/tmp/all.sh",
      `sudo -i touch /run/stub/sudo
      su - visitor -c 'touch /run/stub/su'
      bash -lc 'touch /run/stub/again'
      . /etc/profile
      tmux new-session -d 'bash -lc "touch /run/stub/tmux; sleep 60"'\n`,
    );
    ssh.write(". /tmp/all.sh\r");
    await ssh.waitFor(async () => (await lab.run("cd /run/stub && ls sudo su again tmux")).status === 0);
    await ssh.waitFor(() => pids().length === 1);
    expect(pids()).toEqual(first);
    expect(await calls(lab)).toHaveLength(1);
  });

  test.each(["/bin/bash", "/bin/dash", "/usr/bin/zsh"])("leaves nothing behind in %s", async (shell) => {
    await using lab = await startHooks({});
    await lab.must(`usermod -s ${shell} visitor`);
    const source = ". /usr/lib/afkill/profile.sh";
    const variable = "(_|BASH_LINENO|PIPESTATUS|RANDOM|SRANDOM|SECONDS|EPOCH.*|LINENO|TTYIDLE|!|[?])";
    const run = async (flags: string, middle: string) => {
      const script = `set ${flags}; { set; set +o; alias; } >/tmp/before; ${middle}
        echo $?; { set; set +o; alias; } >/tmp/after; jobs; umask; pwd`;
      const ran = await lab.run('ssh visitor@lab "$(cat)"', { input: script });
      // What a shell keeps for itself differs from command to command.
      const left = await lab.run(`
        for file in before after; do grep -vE '^${variable}=' /tmp/$file >/tmp/$file.kept; done
        diff /tmp/before.kept /tmp/after.kept; rm /tmp/before* /tmp/after*`);
      return { ran, left };
    };
    for (const flags of ["+e", "-eu", "-eufC"]) {
      const read = await run(flags, source);
      expect(read.ran.stderr).toBe("");
      expect(read).toEqual(await run(flags, ":"));
    }
    await lab.must(`ssh visitor@lab '${source}; sleep 0.5; pgrep -f "/[a]fkill/watchdog"'`);
  });
});

test("a watchdog that cannot sleep says so once, waits without a busy loop, and goes on", async () => {
  await using lab = await startHooks({ pam: true, answer: "echo 5" });
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(async () => (await calls(lab)).length === 1);
  const pid = watchdogs(lab)[0]?.pid ?? 0;
  await lab.must("mv /usr/bin/sleep /usr/bin/no-sleep");
  await ssh.waitFor(() => lab.processes().some((it) => it.pid === pid && it.comm === "bash"), SLICE_BOUND_MS);
  await lab.must("mv /usr/bin/no-sleep /usr/bin/sleep");
  const before = (await calls(lab)).length;
  await ssh.waitFor(async () => (await calls(lab)).length > before, SLICE_BOUND_MS);
  expect((await lab.syslog()).match(/afkill.*cannot sleep/g)).toHaveLength(1);
});

test("a watchdog whose user can start no process any more waits without a busy loop, and goes on", async () => {
  await using lab = await startHooks({ profile: true, answer: "echo 5" });
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(async () => (await calls(lab)).length === 1);
  const pid = watchdogs(lab)[0]?.pid ?? 0;
  await lab.must(`prlimit --pid ${pid} --nproc=1:`, { user: "visitor" });
  // Page faults (field 10) and CPU (14, 15) of proc_pid_stat(5).
  const used = () => {
    const stat = readFileSync(`${lab.root}/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return { faults: Number(stat[7]), ticks: Number(stat[11]) + Number(stat[12]) };
  };
  await ssh.waitFor(() => lab.processes().some((it) => it.pid === pid && it.comm === "bash"), SLICE_BOUND_MS);
  const { faults, ticks } = used();
  // It wakes after a slice, starts again, and finds that it still cannot.
  await ssh.waitFor(() => used().faults > faults + 50, SLICE_BOUND_MS);
  expect(used().ticks).toBeLessThan(ticks + 50);
  await lab.must(`prlimit --pid ${pid} --nproc=1000:`, { user: "visitor" });
  const before = (await calls(lab)).length;
  await ssh.waitFor(async () => (await calls(lab)).length > before, SLICE_BOUND_MS);
  expect(watchdogs(lab)).toHaveLength(1);
});
