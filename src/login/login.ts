import { type Client, clientOf, parseSshConnection } from "./client.ts";
import {
  childrenOf,
  hasEnded,
  type ProcessRef,
  type ProcessStat,
  readStat,
  startedBootMs,
} from "./process.ts";
import { nameOfUid, systemNames, titleOf, uidOf, userInTitle } from "./user.ts";

/**
 * One authenticated SSH connection. It is alive while either of its two sshds is: a SIGKILL of the privileged one leaves the
 * child serving the client. A root login has one process only, the privileged one, which then serves the terminals itself.
 */
export interface Login {
  readonly privileged: ProcessRef | undefined;
  readonly child: ProcessRef | undefined;
  /** The sshd whose children are the session leaders of the terminals: the child, for root the privileged one. */
  readonly server: ProcessRef;
  readonly user: string;
  readonly uid: number;
  /** `undefined` when the login did not come over TCP, or when this process may not see it. */
  readonly client: Client | undefined;
  /** When the first of its sshds started, on the boot clock. */
  readonly startedBootMs: number;
}

/** What a watchdog knows of its login. `connection` is the text of SSH_CONNECTION, believed only where the socket cannot be seen. */
export interface KnownLogin {
  readonly privileged?: ProcessRef | undefined;
  readonly child?: ProcessRef | undefined;
  readonly connection?: string | undefined;
}

/**
 * Finds a login again, by either of its sshds; `undefined` when it is gone.
 *
 * A living privileged sshd without a child is a root login only when the user in its title has uid 0. With another user the login
 * is just being set up or taken down: it is returned with that user and, as the privileged sshd has no other children, without terminals.
 * Throws when there is neither a child nor a user in the title: nothing could be said of whose login it is.
 */
export function findLogin(known: KnownLogin): Login | undefined {
  const privileged = findSshd(known.privileged, (uid) => uid === 0);
  const child = (privileged && childOf(privileged)) ?? findSshd(known.child, (uid) => uid !== 0);
  const server = child ?? privileged;
  if (!server) return undefined;
  const title = privileged && userInTitle(titleOf(privileged.pid));
  const uid = child ? uidOf(child.pid) : title === undefined ? undefined : systemNames.uidOf(title);
  if (uid === undefined) {
    // It may have ended between two of the reads.
    if (!findSshd(server, () => true)) return undefined;
    throw new Error(
      `sshd ${server.pid}: expected the title of an authenticated login, got "${titleOf(server.pid)}"`,
    );
  }
  const user = nameOfUid(uid, [title, userInTitle(titleOf(server.pid))]);
  const client =
    (privileged && clientOf(privileged.pid)) ??
    clientOf(server.pid) ??
    parseSshConnection(known.connection ?? "");
  const startedMs = Math.min(startedBootMs(server), startedBootMs(privileged ?? server));
  return { privileged, child, server, user, uid, client, startedBootMs: startedMs };
}

/** The sshd that `ref` names, if it still runs, is one, and is of the right user. One that we may not see (hidepid) is not there for us. */
function findSshd(ref: ProcessRef | undefined, isRightUid: (uid: number) => boolean): ProcessRef | undefined {
  if (!ref) return undefined;
  try {
    const stat = readStat(ref.pid);
    if (stat?.startTicks !== ref.startTicks || !isSshd(stat)) return undefined;
    const uid = uidOf(ref.pid);
    return uid !== undefined && isRightUid(uid) ? { pid: ref.pid, startTicks: ref.startTicks } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM" || code === "EACCES") return undefined;
    throw error;
  }
}

/**
 * The unprivileged sshd of a login: a child of the privileged one that already runs as somebody else than root. Before authentication
 * there is one that runs as `sshd`, called `[net]` in its title (a program of its own, `sshd-auth`, from OpenSSH 10 on).
 */
function childOf(privileged: ProcessRef): ProcessRef | undefined {
  for (const pid of childrenOf(privileged.pid)) {
    const stat = readStat(pid);
    if (!stat || !isSshd(stat) || titleOf(pid).endsWith(" [net]")) continue;
    const uid = uidOf(pid);
    if (uid !== undefined && uid !== 0) return { pid, startTicks: stat.startTicks };
  }
  return undefined;
}

/** Whether a process is an sshd that serves one connection. Its name alone proves nothing: callers also know its parent or its start. */
export function isSshd(stat: ProcessStat): boolean {
  return !hasEnded(stat) && (stat.name === "sshd" || stat.name === "sshd-session");
}
