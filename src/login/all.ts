// Every SSH login of the host, from /proc alone: no utmp, and whether or not a watchdog guards it.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Client,
  clientOf,
  clientSocketOf,
  linkOf,
  rememberingTable,
  type SocketTable,
} from "./client.ts";
import { hasChild, isSshd, type Login, serves } from "./login.ts";
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
export async function findLogins(processes: ReadonlyMap<number, ProcessStat>): Promise<Login[]> {
  const candidates = candidatesAmong(processes);
  const asking = namesAskedOnce(
    candidates.flatMap(({ user }) => user ?? []),
    candidates.map(({ uid }) => uid),
  );
  // While the system looks the names up, the sockets are asked.
  const sockets = rememberingTable();
  const pairs = pairsAmong(candidates, sockets).map((it) => ({ ...it, client: clientOfPair(it, sockets) }));
  const names = await asking;
  return pairs.flatMap((it) => loginOf(it, names) ?? []).sort((a, b) => a.startedBootMs - b.startedBootMs);
}

/** The two sshds of what may be a login; at least one of them. */
interface Pair {
  readonly privileged?: Candidate | undefined;
  readonly child?: Candidate | undefined;
}

function pairsAmong(candidates: readonly Candidate[], sockets: SocketTable): Pair[] {
  const separate = new Set(
    candidates.filter((it) => it.uid === 0 && hasChild(it.title)).map(({ stat }) => stat.pid),
  );
  const isChild = ({ uid, title, stat }: Candidate) =>
    serves(uid, title) && (uid !== 0 || separate.has(stat.parent));
  const privileged = candidates.filter((it) => isPrivileged(it) && !isChild(it));
  const guardians = new Set(privileged.map(({ stat }) => stat.pid));
  const serving = candidates.filter(isChild);
  const children = new Map(serving.map((child) => [child.stat.parent, child]));
  const orphans = serving.filter(
    ({ stat }) => !guardians.has(stat.parent) && clientSocketOf(stat.pid, sockets)?.ownerUid === 0,
  );
  return [
    ...privileged.map((it) => ({ privileged: it, child: children.get(it.stat.pid) })),
    ...orphans.map((child) => ({ child })),
  ];
}

function clientOfPair({ privileged, child }: Pair, sockets: SocketTable): Client | undefined {
  for (const it of [privileged, child]) {
    const client = it && clientOf(it.stat.pid, sockets);
    if (client) return client;
  }
  return undefined;
}

/**
 * The login of two sshds; `undefined` before authentication, when the privileged one carries the name of the user that was asked
 * for, too: a login then has no child yet, and root's without one does not say what it serves.
 */
function loginOf(
  { privileged, child, client }: Pair & { readonly client: Client | undefined },
  names: Names,
): Login | undefined {
  const server = child ?? privileged;
  if (!server) return undefined;
  const uid = child ? child.uid : names.uidOf(server.user ?? "");
  if (uid === undefined || (!child && (uid !== 0 || hasChild(server.title)))) return undefined;
  return {
    privileged: privileged && refOf(privileged.stat),
    child: child && refOf(child.stat),
    server: refOf(server.stat),
    user: nameOfUid(uid, [privileged?.user, child?.user], names),
    uid,
    client,
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
