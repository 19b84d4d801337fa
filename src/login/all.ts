// Every SSH login of the host, from /proc alone: no utmp, and whether or not a watchdog guards it.
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

/** A process that may be an sshd of a login, with the user that its title names. */
export interface Candidate extends Sshd {
  readonly parent: number;
  readonly user: string | undefined;
  readonly inContainer: boolean;
}

/**
 * All logins, oldest first. `processes` is what `allProcesses` found. Anybody can call a process `sshd: root@pts/9`; what is taken for
 * a login runs an sshd of root's, whatever that is called, and runs as root (its privileged sshd) or serves a connection that root
 * accepted (a child whose privileged sshd was killed). The logins of containers are theirs. Needs root to see the logins of others.
 */
export async function findLogins(processes: ReadonlyMap<number, ProcessStat>): Promise<Login[]> {
  const candidates = candidatesAmong(processes);
  const asking = namesAskedOnce(
    candidates.flatMap(({ user }) => user ?? []),
    candidates.map(({ uid }) => uid),
  );
  // While the system looks the names up, the sockets are asked.
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
 * The sshds of each login. Before authentication the privileged one carries the name of the user that was asked for, too: a login
 * then has no child yet, and root's without one does not say that it has.
 */
export function sshdsOfLogins(candidates: readonly Candidate[], sockets: SocketTable): Sshds[] {
  const separate = new Set(candidates.filter((it) => it.uid === 0 && hasChild(it.title)).map(pidOf));
  const isChild = ({ uid, title, parent }: Candidate) => serves(title) && (uid !== 0 || separate.has(parent));
  const roots = candidates.filter((it) => it.uid === 0 && it.user !== undefined && !isChild(it));
  const guardians = new Set(roots.map(pidOf));
  // What root's only sshd has started is called as itself until it becomes a shell.
  const privileged = roots.filter(({ parent, inContainer }) => !inContainer && !guardians.has(parent));
  const serving = candidates.filter(isChild);
  const children = new Map(serving.map((child) => [child.parent, child]));
  // A child whose privileged sshd is the host's is so too, though a PAM module may have given it a pid namespace.
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
    // An sshd has no terminal of its own: the shells of a host, of which there are many, need not be asked for their titles.
    if (program === "" || (!isNamed && stat.ttyNr !== 0)) return [];
    const title = titleOf(pid);
    const user = userInTitle(title);
    if (!isNamed && user === undefined) return [];
    const uid = uidOf(pid);
    if (uid === undefined || !isRoots(pid, program) || !runsSshd(pid, program)) return [];
    return [{ ref: { pid, startTicks }, parent, uid, title, user, inContainer: isInContainer(pid) }];
  });
}

/** Whether it is a thread of the kernel's own, of which there are hundreds; they have no program. */
function isKernels({ pid, parent, session }: ProcessStat): boolean {
  return session === 0 && (pid === 2 || parent === 2);
}
