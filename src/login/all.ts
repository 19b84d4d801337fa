// Every SSH login of the host, from /proc alone: without utmp, and with or without a watchdog.
import { clientSocketOf, rememberingTable, type SocketTable } from "./client.ts";
import {
  assembleLogin,
  clientOfSshds,
  hasChild,
  type Login,
  type Sshd,
  type Sshds,
  serves,
} from "./login.ts";
import { hasEnded, type ProcessStat } from "./process.ts";
import { isInContainer, isNamedSshd, programOf, rootsPrograms, runsSshd } from "./program.ts";
import { namesAskedOnce, titleOf, uidOf, userInTitle } from "./user.ts";

/** A process that may be an sshd of a login, with the user in its title. */
export interface Candidate extends Sshd {
  readonly parent: number;
  readonly user: string | undefined;
  readonly inContainer: boolean;
}

/**
 * All logins, oldest first. `processes` is the result of `allProcesses`. Anybody can call a process `sshd: root@pts/9`. So a login needs an
 * sshd program of root's, under any name, that either runs as root (the privileged sshd) or serves a connection that root accepted (a child
 * whose privileged sshd was killed). Logins of containers are left out. Needs root to see the logins of others.
 */
export async function findLogins(processes: ReadonlyMap<number, ProcessStat>): Promise<Login[]> {
  const candidates = candidatesAmong(processes);
  const asking = namesAskedOnce(
    candidates.flatMap(({ user }) => user ?? []),
    candidates.map(({ uid }) => uid),
  );
  // The sockets are read while the system looks up the names.
  const sockets = rememberingTable();
  const found = sshdsOfLogins(candidates, sockets).map((it) => ({
    sshds: it,
    client: clientOfSshds(it, sockets),
  }));
  const names = await asking;
  return found
    .flatMap(({ sshds, client }) => assembleLogin(sshds, client, names) ?? [])
    .filter(({ uid, child }) => child || uid === 0)
    .sort((a, b) => a.startedBootMs - b.startedBootMs);
}

/**
 * The sshds of each login. Before authentication the title of the privileged sshd already names the requested user. A login without a child
 * is then not authenticated yet, unless its title says that it has no child (as root's may).
 */
export function sshdsOfLogins(candidates: readonly Candidate[], sockets: SocketTable): Sshds[] {
  const separate = new Set(candidates.filter((it) => it.uid === 0 && hasChild(it.title)).map(pidOf));
  const isChild = ({ uid, title, parent }: Candidate) => serves(title) && (uid !== 0 || separate.has(parent));
  const roots = candidates.filter((it) => it.uid === 0 && it.user !== undefined && !isChild(it));
  const guardians = new Set(roots.map(pidOf));
  // A process that root's only sshd has started has the same title until it becomes a shell.
  const privileged = roots.filter(({ parent, inContainer }) => !inContainer && !guardians.has(parent));
  const serving = candidates.filter(isChild);
  const children = new Map(serving.map((child) => [child.parent, child]));
  // A child belongs to the host if its privileged sshd does, even if a PAM module gave it a pid namespace.
  const alone = serving.filter(({ parent, inContainer }) => !inContainer && !guardians.has(parent));
  const orphans = alone.filter((it) => clientSocketOf(pidOf(it), sockets)?.ownerUid === 0);
  return [
    ...privileged
      .map((it) => ({ privileged: it, child: children.get(pidOf(it)) }))
      .filter((it) => it.child || !hasChild(it.privileged.title)),
    ...orphans.map((child) => ({ child })),
  ];
}

function pidOf({ ref }: Candidate): number {
  return ref.pid;
}

function candidatesAmong(processes: ReadonlyMap<number, ProcessStat>): Candidate[] {
  const isRoots = rootsPrograms();
  return [...processes.values()].flatMap((stat) => {
    const { pid, startTicks, parent } = stat;
    const program = isKernels(stat) || hasEnded(stat) ? "" : programOf(pid);
    const isNamed = isNamedSshd(program);
    // An sshd has no terminal of its own. So the titles of a host's many shells need not be read.
    if (program === "" || (!isNamed && stat.ttyNr !== 0)) return [];
    const title = titleOf(pid);
    const user = userInTitle(title);
    if (!isNamed && user === undefined) return [];
    const uid = uidOf(pid);
    if (uid === undefined || !isRoots(pid, program) || !runsSshd(pid, program)) return [];
    return [{ ref: { pid, startTicks }, parent, uid, title, user, inContainer: isInContainer(pid) }];
  });
}

/** Whether it is a thread of the kernel. There are hundreds, and they have no program. */
function isKernels({ pid, parent, session }: ProcessStat): boolean {
  return session === 0 && (pid === 2 || parent === 2);
}
