import { askClient } from "./ask-client.ts";
import { type Client, clientOf, parseSshConnection, type SocketTable } from "./client.ts";
import {
  childrenOf,
  hasEnded,
  type ProcessRef,
  type ProcessStat,
  readStat,
  startedBootMs,
} from "./process.ts";
import { isNamedSshd, programOf, runsSshd } from "./program.ts";
import {
  isTitleOfLogin,
  type Names,
  nameOfUid,
  PRIVILEGED,
  systemNames,
  titleOf,
  uidOf,
  userInTitle,
} from "./user.ts";

/**
 * One authenticated SSH connection. It is alive while one of its two sshds is: after a SIGKILL of the privileged one, the child still
 * serves the client. Up to OpenSSH 9.7 a root login has only one process, the privileged one, which serves the terminals itself.
 */
export interface Login {
  readonly privileged: ProcessRef | undefined;
  readonly child: ProcessRef | undefined;
  /** The sshd whose children are the session leaders of the terminals: the child, or the privileged one if there is no child. */
  readonly server: ProcessRef;
  readonly user: string;
  readonly uid: number;
  /** `undefined` when the login did not come over TCP, or when this process may not see it. */
  readonly client: Client | undefined;
  /** When the first of its sshds started, on the boot clock. */
  readonly startedBootMs: number;
}

/** The sshd that people know a login by: the privileged one, or the child once that was killed. */
export function sshdOf({ privileged, server }: Pick<Login, "privileged" | "server">): ProcessRef {
  return privileged ?? server;
}

/** The permanent name of a login, for its own directory. `pam/watchdog` makes the same name from its privileged sshd. */
export function directoryNameOf(login: Pick<Login, "privileged" | "server">): string {
  const { pid, startTicks } = sshdOf(login);
  return `${pid}-${startTicks}`;
}

/** One sshd of a login. */
export interface Sshd {
  readonly ref: ProcessRef;
  readonly uid: number;
  readonly title: string;
}

/** The sshds of a login, at least one of them. */
export interface Sshds {
  readonly privileged?: Sshd | undefined;
  readonly child?: Sshd | undefined;
}

/** Puts a login together; `undefined` if there is neither a child nor a user in the title: then nothing tells whose login it is. */
export function assembleLogin(
  { privileged, child }: Sshds,
  client: Client | undefined,
  names: Names = systemNames,
): Login | undefined {
  const server = child ?? privileged;
  if (!server) return undefined;
  const title = privileged && userInTitle(privileged.title);
  const uid = child ? child.uid : title === undefined ? undefined : names.uidOf(title);
  if (uid === undefined) return undefined;
  return {
    privileged: privileged?.ref,
    child: child?.ref,
    server: server.ref,
    user: nameOfUid(uid, [title, userInTitle(server.title)], names),
    uid,
    client,
    startedBootMs: Math.min(startedBootMs(server.ref), startedBootMs((privileged ?? server).ref)),
  };
}

/** The client of a login, from the first of its sshds that we may ask; `undefined` if none tells. */
export function clientOfSshds({ privileged, child }: Sshds, table?: SocketTable): Client | undefined {
  for (const it of [privileged, child]) {
    const client = it && (askClient(it.ref.pid) ?? clientOf(it.ref.pid, table));
    if (client) return client;
  }
  return undefined;
}

/** What a watchdog knows of its login. `connection` is the text of SSH_CONNECTION. It is believed only if the socket cannot be seen. */
export interface KnownLogin {
  readonly privileged?: ProcessRef | undefined;
  readonly child?: ProcessRef | undefined;
  readonly connection?: string | undefined;
}

/**
 * Finds a login again, by either of its sshds; `undefined` if it is gone.
 *
 * A living privileged sshd without a child is a root login only if the user in its title has uid 0. With another user, the login is just
 * being set up or taken down. Then it is returned with that user, and without terminals, since the privileged sshd has no other children.
 * Throws if there is neither a child nor a user in the title: nobody can say whose login it is.
 */
export function findLogin(known: KnownLogin): Login | undefined {
  const privileged = findSshd(known.privileged, (uid) => uid === 0);
  // If one sshd is all of a root login, the process that the watchdog took for a child is about to become a shell.
  const isChild = (uid: number, title: string) => (uid !== 0 || !privileged) && serves(title);
  const child = (privileged && childOf(privileged.ref)) ?? findSshd(known.child, isChild);
  const server = child ?? privileged;
  if (!server) return undefined;
  const client = clientOfSshds({ privileged, child }) ?? parseSshConnection(known.connection ?? "");
  const login = assembleLogin({ privileged, child }, client);
  // The login may have ended between two of the reads.
  if (login || !findSshd(server.ref, () => true)) return login;
  const { pid } = server.ref;
  throw new Error(`sshd ${pid}: expected the title of an authenticated login, got "${titleOf(pid)}"`);
}

/**
 * The sshd that `ref` names; `undefined` unless it still runs, is an sshd and passes `isRight`. One that we may not see (hidepid) counts as
 * gone.
 */
function findSshd(
  ref: ProcessRef | undefined,
  isRight: (uid: number, title: string) => boolean,
): Sshd | undefined {
  if (!ref) return undefined;
  try {
    const stat = readStat(ref.pid);
    if (stat?.startTicks !== ref.startTicks || !isSshd(stat)) return undefined;
    const uid = uidOf(ref.pid);
    const title = titleOf(ref.pid);
    if (uid === undefined || !isRight(uid, title)) return undefined;
    return { ref: { pid: ref.pid, startTicks: ref.startTicks }, uid, title };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM" || code === "EACCES") return undefined;
    throw error;
  }
}

/** The sshd that serves a login: a child of the privileged one. Root has such a child from OpenSSH 9.8 on. */
function childOf(privileged: ProcessRef): Sshd | undefined {
  const isSeparate = hasChild(titleOf(privileged.pid));
  for (const pid of childrenOf(privileged.pid)) {
    const uid = uidOf(pid);
    if (uid === undefined || (uid === 0 && !isSeparate)) continue;
    const title = titleOf(pid);
    const stat = serves(title) ? readStat(pid) : undefined;
    if (stat && isSshd(stat)) return { ref: { pid, startTicks: stat.startTicks }, uid, title };
  }
  return undefined;
}

/**
 * Whether a privileged sshd has a child that serves the login, by its title. Otherwise its children have the same title as it has, until
 * they become a shell.
 */
export function hasChild(title: string): boolean {
  return PRIVILEGED.test(title);
}

/**
 * Whether an sshd with this title may be the one that serves a login. Before authentication there is a child that runs as `sshd`, with
 * `[net]` in its title (a program of its own, `sshd-auth`, from OpenSSH 10 on). Each child begins with its parent's title. This includes
 * the one that runs `AuthorizedKeysCommand` as another user, and anything that a PAM module starts.
 */
export function serves(title: string): boolean {
  return !title.endsWith(" [net]") && !PRIVILEGED.test(title);
}

/**
 * Whether a process is an sshd that serves one connection, by its program. If we may not ask for the program (as a user may not for their
 * own sshds), its name or title must do. Neither proves anything, so callers also know its parent or its start.
 */
export function isSshd(stat: ProcessStat): boolean {
  if (hasEnded(stat)) return false;
  const program = programOf(stat.pid);
  if (program === "") return isNamedSshd(stat.name) || isTitleOfLogin(titleOf(stat.pid));
  return runsSshd(stat.pid, program);
}
