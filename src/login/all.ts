// Every SSH login of the host, from /proc alone: no utmp, and whether or not a watchdog guards it.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { clientOf, clientSocketOf, linkOf, rememberingTable, type SocketTable } from "./client.ts";
import { isSshd, type Login } from "./login.ts";
import { type ProcessRef, type ProcessStat, startedBootMs } from "./process.ts";
import { type Names, nameOfUid, namesAskedOnce, titleOf, uidOf, userInTitle } from "./user.ts";

/** A process that may be an sshd of a login, with its uid and the user that its title names. */
interface Candidate {
  readonly stat: ProcessStat;
  readonly uid: number;
  readonly title: string;
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
  const sockets = rememberingTable();
  const privileged = candidates.filter(isPrivileged);
  const guardians = new Set(privileged.map(({ stat }) => stat.pid));
  const unprivileged = candidates.filter(isChild);
  const children = new Map(unprivileged.map((child) => [child.stat.parent, child]));
  const orphans = unprivileged.filter(
    ({ stat }) => !guardians.has(stat.parent) && clientSocketOf(stat.pid, sockets)?.ownerUid === 0,
  );
  const logins = [
    ...privileged.flatMap((it) => loginOf(it, children.get(it.stat.pid), names, sockets) ?? []),
    ...orphans.flatMap((it) => loginOf(undefined, it, names, sockets) ?? []),
  ];
  return logins.sort((a, b) => a.startedBootMs - b.startedBootMs);
}

/**
 * The login of these two sshds; `undefined` before authentication, when the privileged one carries the name of the user that was asked
 * for, too: a user's login then has no child yet, and root's, which never has one, does not say what it serves.
 */
function loginOf(
  privileged: Candidate | undefined,
  child: Candidate | undefined,
  names: Names,
  sockets: SocketTable,
): Login | undefined {
  const server = child ?? privileged;
  if (!server) return undefined;
  const uid = child ? child.uid : names.uidOf(server.user ?? "");
  if (uid === undefined || (!child && (uid !== 0 || server.title.endsWith(" [priv]")))) return undefined;
  return {
    privileged: privileged && refOf(privileged.stat),
    child: child && refOf(child.stat),
    server: refOf(server.stat),
    user: nameOfUid(uid, [privileged?.user, child?.user], names),
    uid,
    client: clientOf((privileged ?? server).stat.pid, sockets) ?? clientOf(server.stat.pid, sockets),
    startedBootMs: startedBootMs((privileged ?? server).stat),
  };
}

function refOf({ pid, startTicks }: ProcessStat): ProcessRef {
  return { pid, startTicks };
}

function candidatesAmong(processes: ReadonlyMap<number, ProcessStat>): Candidate[] {
  const isTrusted = trustedPrograms();
  return [...processes.values()].flatMap((stat) => {
    if (!isSshd(stat)) return [];
    const uid = uidOf(stat.pid);
    if (uid === undefined || !isTrusted(stat.pid)) return [];
    const title = titleOf(stat.pid);
    return [{ stat, uid, title, user: userInTitle(title) }];
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

/** The unprivileged sshd of a login. Before authentication there is one that is called `[net]` (see `childOf` in login.ts). */
function isChild({ uid, title }: Candidate): boolean {
  return uid !== 0 && !title.endsWith(" [net]");
}
