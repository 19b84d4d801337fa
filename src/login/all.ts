// Every SSH login of the host, from /proc alone: no utmp, and whether or not a watchdog guards it.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { clientSocketOf, linkOf, rememberingTable } from "./client.ts";
import { findLogin, type Host, isSshd, type Login } from "./login.ts";
import type { ProcessStat } from "./process.ts";
import { namesAskedOnce, titleOf, uidOf, userInTitle } from "./user.ts";

/** A process that may be an sshd of a login, with its uid and the user that its title names. */
interface Candidate {
  readonly stat: ProcessStat;
  readonly uid: number;
  readonly user: string | undefined;
}

/**
 * All logins, oldest first. `processes` is what `allProcesses` found. Anybody can call a process `sshd: root@pts/9`; what is taken for
 * a login runs a program file of root's, and runs as root (its privileged sshd) or serves a connection that root accepted (a child
 * whose privileged sshd was killed). Needs root to see the logins of others.
 */
export function findLogins(processes: ReadonlyMap<number, ProcessStat>): Login[] {
  const candidates = candidatesAmong(processes);
  const names = namesAskedOnce(
    candidates.flatMap(({ user }) => user ?? []),
    candidates.map(({ uid }) => uid),
  );
  const host: Host = { names, sockets: rememberingTable() };
  const privileged = candidates.filter(isPrivileged);
  const guardians = new Set(privileged.map(({ stat }) => stat.pid));
  const orphans = candidates.filter(
    ({ stat, uid }) => uid !== 0 && !guardians.has(stat.parent) && servesRootsConnection(stat, host),
  );
  const logins = [
    ...privileged.flatMap(({ stat }) => lookedUp({ privileged: stat }, host)).filter(isAuthenticated),
    ...orphans.flatMap(({ stat }) => lookedUp({ child: stat }, host)),
  ];
  return logins.sort((a, b) => a.startedBootMs - b.startedBootMs);
}

function candidatesAmong(processes: ReadonlyMap<number, ProcessStat>): Candidate[] {
  const isTrusted = trustedPrograms();
  return [...processes.values()].flatMap((stat) => {
    if (!isSshd(stat)) return [];
    const uid = uidOf(stat.pid);
    if (uid === undefined || !isTrusted(stat.pid)) return [];
    return [{ stat, uid, user: userInTitle(titleOf(stat.pid)) }];
  });
}

/**
 * Tells whether a process runs a program called sshd or sshd-session that only root can have put there. Where we may not ask (the
 * sshds of others to a user) the process is not believed. After an upgrade the file's name ends in ` (deleted)` (proc_pid_exe(5)).
 */
function trustedPrograms(): (pid: number) => boolean {
  const known = new Map<string, boolean>();
  return (pid) => {
    const program = linkOf(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
    const before = known.get(program);
    if (before !== undefined) return before;
    const trusted = /\/(sshd|sshd-session)$/.test(program) && isRootsAlone(dirname(program));
    known.set(program, trusted);
    return trusted;
  };
}

function isRootsAlone(directory: string): boolean {
  try {
    const { uid, mode } = statSync(directory);
    return uid === 0 && (mode & 0o022) === 0;
  } catch {
    return false;
  }
}

function isPrivileged({ uid, user }: Candidate): boolean {
  return uid === 0 && user !== undefined;
}

/**
 * Before authentication the privileged sshd carries the name of the user that was asked for, too: a user's login then has no child
 * yet, and root's, which never has one, does not say what it serves.
 */
function isAuthenticated({ child, uid, server }: Login): boolean {
  return child !== undefined || (uid === 0 && !titleOf(server.pid).endsWith(" [priv]"));
}

function servesRootsConnection({ pid }: ProcessStat, { sockets }: Host): boolean {
  return clientSocketOf(pid, sockets)?.ownerUid === 0;
}

/** None where it has ended by now, or where it is not yet anybody's. */
function lookedUp(known: Parameters<typeof findLogin>[0], host: Host): Login[] {
  try {
    const login = findLogin(known, host);
    return login ? [login] : [];
  } catch {
    return [];
  }
}
