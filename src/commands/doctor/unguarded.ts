// SSH servers whose logins never reach the pam hook: an sshd that does not use PAM, and dropbear.
import { basename } from "node:path";
import { allProcesses, type ProcessStat } from "../../login/process.ts";
import { fileOf, hasRule } from "../../setup/pam-service.ts";
import {
  allListeners,
  isOfThisHost,
  isRootsOwn,
  type Listener,
  programOf,
} from "../../setup/sshd-processes.ts";
import { settingsIn } from "../../sshd/sshd.ts";
import { run, said } from "../../system/command.ts";
import { OWN_SERVICE } from "../../system/paths.ts";
import { type Check, error, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

export const unguarded: Check = {
  id: "unguarded",
  concerns: isRoots,
  fine: "the pam hook sees the logins of every SSH server that runs here",
  find: () => {
    const processes = [...allProcesses().values()].filter(({ pid }) => isOfThisHost(pid));
    return [...allListeners().flatMap(unseen), ...dropbears(processes)];
  },
};

/**
 * One problem for a listening sshd that does not use PAM, or whose PAM service has no line of afkill, according to its own options and
 * configuration (sshd_config(5), "UsePAM" and "PAMServiceName"). An sshd without own options uses the host's configuration; the check of
 * the PAM rule reports that one.
 */
function unseen({ pid, program, uid, options }: Listener): Problem[] {
  if (uid !== 0) return [isUsers(pid, uid)];
  // Root runs this program next, so it must belong to root.
  if (options.length === 0 || !isRootsOwn(program)) return [];
  const name = `sshd ${pid} (${options.join(" ")})`;
  const ran = run(program, ["-T", ...options]);
  if (ran.status !== 0)
    return [
      error(
        `${name}: whether it uses PAM is not known: ${said(ran)}`,
        "correct the configuration of this sshd, then run afkill doctor again",
      ),
    ];
  const set = settingsIn(ran.stdout);
  if (set.get("usepam") !== "yes")
    return [
      error(
        `${name} does not use PAM (UsePAM no): the logins there are not guarded`,
        `set UsePAM yes in its configuration and restart it; until then "sudo afkill sweep" applies the policy to its logins`,
      ),
    ];
  // Before OpenSSH 9.8 the name that it was called by decides.
  const service = set.get("pamservicename");
  if (service === undefined || hasRule(fileOf(service))) return [];
  return [
    error(
      `${name} uses the PAM service ${service}, which has no line of afkill: the logins there are not guarded`,
      `sudo afkill install --repeat; or set PAMServiceName ${OWN_SERVICE} in its configuration and restart it`,
    ),
  ];
}

function isUsers(pid: number, uid: number | undefined): Problem {
  return error(
    `sshd ${pid} was started by uid ${uid ?? "unknown"}, not by root: the logins there are not guarded`,
    `ask its user; to end it: kill ${pid}`,
  );
}

/** One problem for each listening dropbear. Each of its children serves one connection, so the parent is the one that listens. */
function dropbears(processes: readonly ProcessStat[]): Problem[] {
  const all = processes.filter(({ pid }) => /^dropbear(multi)?$/.test(basename(programOf(pid) ?? "")));
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
