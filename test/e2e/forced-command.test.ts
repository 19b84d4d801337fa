// Two labs, one with ForceCommand and one without: everything that a client can do must come out the same.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { startHooks, watchdogs } from "../support/hooks.ts";

const SHELLS = ["/bin/bash", "/bin/dash", "/usr/bin/zsh", "/usr/bin/fish", "/usr/bin/tcsh"];
const SUBSYSTEMS = ["/usr/lib/openssh/sftp-server", "internal-sftp", "internal-sftp -u 0077"];

/** What is asked of the login, as words of the client's shell, and nothing that differs from login to login. */
const COMMANDS = [
  "exit 23",
  "kill -9 \\$\\$",
  "kill -TERM \\$\\$",
  "kill -HUP \\$\\$",
  "echo out; echo err >&2; false",
  "no-such-program",
  "tr '\\\\\\\\0' '|' </proc/\\$\\$/cmdline; :",
  "printf '<%s>' 'a b' \\\"c  d\\\" '*' e\\\\\\\\ f '\\$HOME'",
  "cat | wc -c",
  "echo *",
  "umask; pwd; ulimit -a",
  "sh -c 'echo <\\$SSH_ORIGINAL_COMMAND> \\$TERM; env | grep -c ORIGINAL'",
  "ls /proc/self/fd",
  "internal-sftpish",
];

async function startPair(sshd = ""): Promise<[Lab, Lab]> {
  const pair = await Promise.all([startHooks({ sshd }), startHooks({ sshd, forced: true })]);
  return pair;
}

/** Runs the same in both and expects the same of them; returns what it was. */
async function same(pair: readonly Lab[], command: string): Promise<{ status: number; stdout: string }> {
  const [direct, forced] = await Promise.all(pair.map((lab) => lab.run(command, { input: "typed\n" })));
  expect(forced, command).toEqual(direct);
  return { status: direct?.status ?? -1, stdout: direct?.stdout ?? "" };
}

describe("a login by ForceCommand", () => {
  let pair: [Lab, Lab];
  beforeAll(async () => {
    // It is sshd that prints the last login, and only where nothing is forced.
    pair = await startPair("PrintLastLog no");
  });
  afterAll(() => Promise.all(pair.map((lab) => lab.stop())));
  const forced = () => pair[1];

  test.each(SHELLS)("runs commands as %s would", async (shell) => {
    await Promise.all(
      pair.map((lab) => lab.must(`usermod -s ${shell} visitor; touch /home/visitor/.hushlogin`)),
    );
    for (const command of COMMANDS) await same(pair, `ssh visitor@lab "${command}"`);
    await same(pair, "echo 'echo $0; exit 7' | ssh visitor@lab");
    const environment = await same(pair, "ssh visitor@lab /usr/bin/env | grep -v ^SSH_ | sort");
    expect(environment.stdout).toMatch(/^HOME=\/home\/visitor$/m);
  });

  test("says the same of an end: status 23, signal 9", async () => {
    await Promise.all(pair.map((lab) => lab.must("usermod -s /bin/bash visitor")));
    expect((await same(pair, "ssh visitor@lab 'exit 23'")).status).toBe(23);
    expect((await same(pair, "ssh visitor@lab 'kill -9 $$'")).status).toBe(255);
  });

  test.each(["/bin/bash", "/bin/dash", "/usr/bin/zsh"])(
    "gives a terminal the login shell %s",
    async (shell) => {
      const shown = pair.map(async (lab) => {
        await lab.must(`usermod -s ${shell} visitor; rm -f /home/visitor/.hushlogin`);
        await lab.must("echo 'read this' >/etc/motd; sed -i /lastlog/d /etc/pam.d/sshd");
        if (shell.endsWith("zsh")) await lab.must("touch .zshrc", { user: "visitor" });
        const ssh = lab.ssh("visitor", ["-o", "LogLevel=QUIET"]);
        await ssh.waitFor(/[$#%>] ?$/m);
        ssh.write("stty -echo; tr '\\0' '|' </proc/$$/cmdline; ps -o comm= --ppid $$; echo $((40 + 2))\r");
        await ssh.waitFor(/^42\s+\S*[$#%>] ?$/m);
        ssh.write("exit 9\r");
        const { status } = await ssh.exit;
        return { status, screen: ssh.screen() };
      });
      const [direct, byForce] = await Promise.all(shown);
      expect(byForce).toEqual(direct);
      expect(direct?.screen).toContain("read this");
      expect(direct?.screen).toContain(`-${shell.split("/").at(-1)}|`);
    },
  );

  test("stays mute for a user who wants it so, and where PAM has no message", async () => {
    const lab = forced();
    await lab.must(
      "usermod -s /bin/bash visitor; echo 'read this' >/etc/motd; touch /home/visitor/.hushlogin",
    );
    const hushed = lab.ssh("visitor");
    await hushed.waitFor(/[$] ?$/m);
    expect(hushed.screen()).not.toContain("read this");
    await lab.must("sed -i /pam_motd/d /etc/pam.d/sshd; rm /home/visitor/.hushlogin");
    const silent = lab.ssh("visitor");
    await silent.waitFor(/[$] ?$/m);
    expect(silent.screen()).not.toContain("read this");
  });

  test("carries 100 MB both ways, by a pipe, scp and rsync", async () => {
    const lab = forced();
    await lab.must("[ -e big ] || head -c 100000000 /dev/urandom >big");
    const ran = await lab.run(
      `set -e
      ssh visitor@lab 'cat >pipe; cat pipe' <big | cmp - big
      scp -q big visitor@lab:scp; scp -q visitor@lab:scp back; cmp back big
      scp -q -O big visitor@lab:old; scp -q -O visitor@lab:old back; cmp back big
      rsync -a big visitor@lab:rsync; rsync -a visitor@lab:rsync again; cmp again big
      ssh visitor@lab 'rm pipe scp old rsync'; rm back again`,
      { timeoutMs: 120_000 },
    );
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test("runs the shell of the passwd entry, whatever SHELL the user sets", async () => {
    const lab = forced();
    await lab.write("/usr/local/bin/own-shell", '#!/bin/bash\nexec -a own /bin/bash "$@"\n', 0o755);
    await lab.must("usermod -s /usr/local/bin/own-shell visitor");
    await lab.write("/home/visitor/.pam_environment", "SHELL DEFAULT=/bin/dash\n");
    // Debian 12's own rules read that file, Debian 13's do not.
    await lab.must(
      "cp /etc/pam.d/sshd before; echo 'session required pam_env.so user_readenv=1' >>/etc/pam.d/sshd",
    );
    const ran = await lab.run("ssh visitor@lab 'echo $0 $SHELL'");
    await lab.must(
      "mv before /etc/pam.d/sshd; rm /home/visitor/.pam_environment; usermod -s /bin/bash visitor",
    );
    expect(ran.stdout).toBe("own /bin/dash\n");
  });

  test("is watched, and a command does not wait for its watchdog", async () => {
    const lab = forced();
    const ssh = lab.ssh("visitor", [], "sleep 1000");
    await ssh.waitFor(() => watchdogs(lab).some(({ user }) => user === "visitor"));
    expect(await lab.run("ssh visitor@lab true")).toEqual({ status: 0, stdout: "", stderr: "" });
    ssh.kill();
  });
});

describe.concurrent.each(SUBSYSTEMS)("with the subsystem %s", (subsystem) => {
  test("sftp does the same", async () => {
    const pair = await startPair();
    try {
      for (const lab of pair) {
        await lab.must(`sed -i 's:^Subsystem.*:Subsystem sftp ${subsystem}:' /etc/ssh/sshd_config`);
        await lab.must("head -c 300000 /dev/urandom >bytes");
        await lab.reloadSshd();
        await lab.must(
          "printf 'put bytes there\\nget there back\\nls\\n' | sftp -q -b - visitor@lab; cmp bytes back",
        );
        await lab.must("scp -q bytes visitor@lab:scp; cmp bytes /home/visitor/scp");
      }
      const modes = await same(pair, "cd /home/visitor; stat -c '%n %s %U' there scp; stat -c %a there");
      expect(modes.stdout).toMatch(subsystem.includes("0077") ? /^600$/m : /^644$/m);
    } finally {
      await Promise.all(pair.map((lab) => lab.stop()));
    }
  });
});

test("without a watchdog, without setsid and without bash the shell still runs, and nothing is added", async () => {
  await using lab = await startHooks({ forced: true });
  await lab.must("rm /usr/lib/afkill/watchdog /usr/lib/afkill/node");
  const ran = { status: 23, stdout: "typed", stderr: "" };
  const command = () => lab.run("ssh visitor@lab 'cat; exit 23'", { input: "typed" });
  expect(await command()).toEqual(ran);
  await lab.must("rm -f /usr/bin/setsid; usermod -s /bin/dash visitor; mv /usr/bin/bash /usr/bin/no-bash");
  expect(await command()).toEqual(ran);
  const ssh = lab.ssh("visitor");
  await ssh.waitFor(/[$] ?$/m);
  ssh.write("exit 5\r");
  expect((await ssh.exit).status).toBe(5);
});
