// SSH servers whose logins never reach the pam hook: an sshd that does not use PAM, and dropbear.
import { readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { allProcesses, commandLineOf, type ProcessStat } from "../../login/process.ts";
import { uidOf } from "../../login/user.ts";
import { optionsOf } from "../../sshd/listener.ts";
import { run, said } from "../../system/command.ts";
import { type Check, error, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

export const unguarded: Check = {
  id: "unguarded",
  concerns: isRoots,
  fine: "the pam hook sees the logins of every SSH server that runs here",
  find: () => {
    const processes = [...allProcesses().values()].filter(isOurs);
    return [...processes.flatMap(withoutPam), ...dropbears(processes)];
  },
};

/** Whether a process belongs to this host and not to a container, which has its own pid namespace (pid_namespaces(7)). */
function isOurs({ pid }: ProcessStat): boolean {
  const space = linkOf(`/proc/${pid}/ns/pid`);
  return space !== undefined && space === linkOf("/proc/self/ns/pid");
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, "");
  } catch {
    // The process has ended.
    return undefined;
  }
}

/**
 * One problem for a listening sshd that does not use PAM, according to its own options and configuration (sshd_config(5), "UsePAM"; not
 * allowed within Match). An sshd without own options uses the host's configuration; the check of the PAM rule reports that one.
 */
function withoutPam({ pid }: ProcessStat): Problem[] {
  const program = linkOf(`/proc/${pid}/exe`);
  if (program === undefined || basename(program) !== "sshd") return [];
  const options = optionsOf(commandLineOf(pid)[0] ?? "");
  if (options === undefined) return [];
  const uid = uidOf(pid);
  if (uid !== 0) return [isUsers(pid, uid)];
  // Root runs this program next, so it must belong to root.
  if (options.length === 0 || !isRootsOwn(program)) return [];
  const ran = run(program, ["-T", ...options]);
  if (ran.status !== 0)
    return [
      error(
        `sshd ${pid} (${options.join(" ")}): whether it uses PAM is not known: ${said(ran)}`,
        "correct the configuration of this sshd, then run afkill doctor again",
      ),
    ];
  if (/^usepam yes$/m.test(ran.stdout)) return [];
  return [
    error(
      `sshd ${pid} (${options.join(" ")}) does not use PAM (UsePAM no): the logins there are not guarded`,
      `set UsePAM yes in its configuration and restart it; until then "sudo afkill sweep" applies the policy to its logins`,
    ),
  ];
}

function isUsers(pid: number, uid: number | undefined): Problem {
  return error(
    `sshd ${pid} was started by uid ${uid ?? "unknown"}, not by root: the logins there are not guarded`,
    `ask its user; to end it: kill ${pid}`,
  );
}

function isRootsOwn(program: string): boolean {
  const stats = statSync(program, { throwIfNoEntry: false });
  return stats !== undefined && stats.uid === 0 && (stats.mode & 0o022) === 0;
}

/** One problem for each listening dropbear. Each of its children serves one connection, so the parent is the one that listens. */
function dropbears(processes: readonly ProcessStat[]): Problem[] {
  const all = processes.filter(({ pid }) =>
    /^dropbear(multi)?$/.test(basename(linkOf(`/proc/${pid}/exe`) ?? "")),
  );
  const pids = new Set(all.map(({ pid }) => pid));
  return all
    .filter(({ parent }) => !pids.has(parent))
    .map(({ pid }) => {
      const open = all.filter(({ parent }) => parent === pid).length;
      return error(
        `dropbear ${pid} accepts SSH logins (${open} open now): afkill guards only the logins of OpenSSH's sshd`,
        "use OpenSSH instead (Debian: apt purge dropbear), or start dropbear with -I SECONDS, which ends idle logins without a warning",
      );
    });
}
