import { type Client, clientOf, parseSshConnection } from "./client.ts";
import {
  childrenOf,
  hasEnded,
  type ProcessRef,
  type ProcessStat,
  readStat,
  startedBootMs,
} from "./process.ts";
import { nameOfUid, PRIVILEGED, systemNames, titleOf, uidOf, userInTitle } from "./user.ts";

/**
 * One authenticated SSH connection. It is alive while either of its two sshds is: a SIGKILL of the privileged one leaves the
 * child serving the client. Up to OpenSSH 9.7 a root login has one process only, the privileged one, which then serves the
 * terminals itself.
 */
export interface Login {
  readonly privileged: ProcessRef | undefined;
  readonly child: ProcessRef | undefined;
  /** The sshd whose children are the session leaders of the terminals: the child, where there is none the privileged one. */
  readonly server: ProcessRef;
  readonly user: string;
  readonly uid: number;
  /** `undefined` when the login did not come over TCP, or when this process may not see it. */
  readonly client: Client | undefined;
  /** When the first of its sshds started, on the boot clock. */
  readonly startedBootMs: number;
}

/** Names a login for good, for a directory of its own; `pam/watchdog` makes the same name of its privileged sshd. */
export function directoryNameOf({ privileged, server }: Pick<Login, "privileged" | "server">): string {
  const { pid, startTicks } = privileged ?? server;
  return `${pid}-${startTicks}`;
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
  // Of a root login that is one sshd, what the watchdog took for a child is about to become a shell.
  const isChild = (uid: number, title: string) => (uid !== 0 || !privileged) && serves(uid, title);
  const child = (privileged && childOf(privileged)) ?? findSshd(known.child, isChild);
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

/** The sshd that `ref` names, if it still runs, is one, and is the right one. One that we may not see (hidepid) is not there for us. */
function findSshd(
  ref: ProcessRef | undefined,
  isRight: (uid: number, title: string) => boolean,
): ProcessRef | undefined {
  if (!ref) return undefined;
  try {
    const stat = readStat(ref.pid);
    if (stat?.startTicks !== ref.startTicks || !isSshd(stat)) return undefined;
    const uid = uidOf(ref.pid);
    const isIt = uid !== undefined && isRight(uid, titleOf(ref.pid));
    return isIt ? { pid: ref.pid, startTicks: ref.startTicks } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM" || code === "EACCES") return undefined;
    throw error;
  }
}

/** The sshd that serves a login, a child of the privileged one. Root has one from OpenSSH 9.8 on. */
function childOf(privileged: ProcessRef): ProcessRef | undefined {
  const isSeparate = hasChild(titleOf(privileged.pid));
  for (const pid of childrenOf(privileged.pid)) {
    const stat = readStat(pid);
    if (!stat || !isSshd(stat)) continue;
    const uid = uidOf(pid);
    if (uid === undefined || !serves(uid, titleOf(pid))) continue;
    if (uid !== 0 || isSeparate) return { pid, startTicks: stat.startTicks };
  }
  return undefined;
}

/**
 * Whether a privileged sshd leaves the serving to a child, by its title. One that does not has children that are called as itself
 * until they become a shell.
 */
export function hasChild(title: string): boolean {
  return PRIVILEGED.test(title);
}

/**
 * Whether an sshd with this uid and title may be the one that serves a login. Before authentication there is a child that runs as
 * `sshd`, called `[net]` in its title (a program of its own, `sshd-auth`, from OpenSSH 10 on); and each begins with its parent's title.
 */
export function serves(uid: number, title: string): boolean {
  return !title.endsWith(" [net]") && (uid !== 0 || !PRIVILEGED.test(title));
}

/** Whether a process is an sshd that serves one connection. Its name alone proves nothing: callers also know its parent or its start. */
export function isSshd(stat: ProcessStat): boolean {
  return !hasEnded(stat) && (stat.name === "sshd" || stat.name === "sshd-session");
}
