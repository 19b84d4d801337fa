// Must live: what has got the pid of a login that is gone. The pids of a host are used again once they are all given out.
import { release as kernelRelease } from "node:os";
import { describe, expect, test, vi } from "vitest";
import { type Lab, type LabProcess, startLab } from "../lab/lab.ts";
import { isPrivilegedOf } from "../lab/processes.ts";
import { type Release, releases } from "../lab/release.ts";
import { aliveWhileTyped, atPrompt, auditWithEnd, policyOfSeconds, SOON, type } from "../support/logins.ts";

/** The first to keep this number for each pid namespace: before, all of the machine would have so few. */
const [major = 0, minor = 0] = kernelRelease().split(".").map(Number);
const HAS_OWN_PID_MAX = major > 6 || (major === 6 && minor >= 14);
/** After the last pid the kernel goes on with this one (RESERVED_PIDS): the first pids are given out once only. */
const FIRST_AGAIN = 300;
const PID_MAX = 700;

/** take PID PROGRAM ARGV0 ARGUMENT...: lets processes come and go until one of them has that pid, which becomes the program. */
const TAKE = `#!/usr/bin/perl
use POSIX;
my ($wanted, $program, @argv) = @ARGV;
# It may have got that pid itself: whoever goes on has another one.
exit 0 if $$ == $wanted && fork();
while (1) {
  ${HAS_OWN_PID_MAX ? "" : "open my $last, '>', '/proc/sys/kernel/ns_last_pid'; print $last $wanted - 1; close $last;"}
  my $pid = fork();
  if ($pid == 0) {
    POSIX::_exit(0) if $$ != $wanted;
    open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
    exec { $program } @argv;
  }
  last if $pid == $wanted;
  waitpid $pid, 0;
}
`;

/** Waits until a process is stopped, and stops another one at once. */
const STOP_WHEN_STOPPED = `#!/usr/bin/perl
my ($watched, $other) = @ARGV;
while (open my $file, '<', "/proc/$watched/stat") {
  if (<$file> =~ /\\) T/) { kill 'STOP', $other; exit 0 }
  select undef, undef, undef, 0.005;
}
exit 1;
`;

async function labOfFewPids(release: Release): Promise<Lab> {
  const lab = await startLab({ release, hook: "pam", policy: policyOfSeconds() });
  await lab.write("/usr/local/bin/take", TAKE, 0o755);
  await lab.write("/usr/local/bin/stop-when-stopped", STOP_WHEN_STOPPED, 0o755);
  // Called what a login's own processes are called.
  await lab.must("cp /usr/bin/sleep /usr/local/bin/sshd && cp /usr/bin/sleep /usr/local/bin/bash");
  if (HAS_OWN_PID_MAX) await lab.must(`echo ${PID_MAX} >/proc/sys/kernel/pid_max`);
  // Past those that never come again.
  await lab.must(`until [ "$(sh -c 'echo $$')" -ge ${FIRST_AGAIN} ]; do :; done`);
  return lab;
}

/** The processes of a user's only login, and of its watchdog. */
function partsOf(lab: Lab, user: string) {
  const processes = lab.processes();
  const find = (what: string, is: (it: LabProcess) => boolean): LabProcess => {
    const found = processes.find(is);
    if (!found) throw new Error(`no ${what} of ${user}'s`);
    return found;
  };
  const privileged = find("privileged sshd", ({ cmdline }) => isPrivilegedOf(user, cmdline));
  const child = find("child sshd", ({ ppid, comm }) => ppid === privileged.pid && comm.startsWith("sshd"));
  const shell = find("shell", ({ ppid }) => ppid === child.pid);
  const watchdog = find(
    "watchdog",
    ({ cmdline }) =>
      cmdline.includes("/usr/lib/afkill/watchdog") && cmdline.at(-1) === String(privileged.pid),
  );
  return { privileged, child, shell, watchdog };
}

/** Ends a login by force, and lets processes of root's and of its user's have its pids. Returns what tells whether they are untouched. */
async function replace(lab: Lab, user: string, parts: ReturnType<typeof partsOf>): Promise<() => string> {
  const pids = [parts.privileged.pid, parts.child.pid, parts.shell.pid];
  await lab.must(`
    kill -KILL ${pids.join(" ")}
    for pid in ${pids.join(" ")}; do while [ -e /proc/$pid ]; do sleep 0.02; done; done
    # A thousand processes come and go, and then some, until these have the pids.
    for n in $(seq 1000); do (:); done
    take ${parts.privileged.pid} /usr/local/bin/sshd 'sshd: ${user} [priv]' 1000
    as_user='/usr/bin/setpriv setpriv --reuid=${user} --regid=${user} --clear-groups'
    take ${parts.child.pid} $as_user /usr/local/bin/sshd 1000
    take ${parts.shell.pid} $as_user /usr/local/bin/bash 1000`);
  const found = () =>
    lab
      .processes()
      .filter(({ pid, exe }) => pids.includes(pid) && exe.startsWith("/usr/local/bin/"))
      // Running or sleeping, as it happens; one that was signalled is stopped or gone.
      .map(({ pid, state, comm, user: owner }) => `${pid} ${state.replace("R", "S")} ${comm} ${owner}`)
      .join("\n");
  // setpriv becomes what it starts.
  await vi.waitFor(() => expect(found().split("\n")).toHaveLength(3), SOON);
  return found;
}

/** Waits until a watchdog has ended. */
async function isGone(lab: Lab, { pid }: LabProcess): Promise<void> {
  await vi.waitFor(() => expect(lab.processes().map((it) => it.pid)).not.toContain(pid), SOON);
}

describe.concurrent("must live", () => {
  describe.concurrent.each(releases)("$name", (release) => {
    test("what got the pids of a login when a thousand processes exit and pids wrap between look and kill", async () => {
      await using lab = await labOfFewPids(release);
      await lab.addUser("victim");
      await lab.addUser("typist");
      const living = aliveWhileTyped(await atPrompt(lab, "typist"), "x", 4);
      const ssh = await atPrompt(lab, "victim");
      type(ssh, "x");
      const parts = partsOf(lab, "victim");
      await ssh.waitFor(/closes in/);
      const check = lab.nodes().find(({ ppid }) => ppid === parts.watchdog.pid);
      // The shell is stopped for the last line of its terminal: the check has looked, and is about to end the login.
      await lab.must(`stop-when-stopped ${parts.shell.pid} ${check?.pid}`);
      const untouched = await replace(lab, "victim", parts);
      const before = untouched();
      await lab.must(`kill -CONT ${check?.pid}`);
      await isGone(lab, parts.watchdog);
      expect(untouched()).toBe(before);
      // Proved gone, whoever has its pids now.
      expect((await auditWithEnd(lab, "victim")).at(-1)).toMatchObject({ action: "end", ended: true });
      expect(await living).toBe(true);
    });

    test("what got the pids of a login while its watchdog slept", async () => {
      await using lab = await labOfFewPids(release);
      await lab.addUser("victim");
      const ssh = await atPrompt(lab, "victim");
      type(ssh, "x");
      const parts = partsOf(lab, "victim");
      await vi.waitFor(() => lab.must("ls /run/afkill/*/memory.json"), SOON);
      await lab.must(`kill -STOP ${parts.watchdog.pid}`);
      const untouched = await replace(lab, "victim", parts);
      const before = untouched();
      await lab.must(`kill -CONT ${parts.watchdog.pid}`);
      await isGone(lab, parts.watchdog);
      expect(untouched()).toBe(before);
      expect(await lab.syslog()).not.toMatch(/check failed/);
    });
  });
});
