// Which logins have a watchdog, and whose it is.
import { basename } from "node:path";
import { PROGRAM_DIRECTORY } from "../system/paths.ts";
import type { Login } from "./login.ts";
import { commandLineOf, type ProcessRef, type ProcessStat } from "./process.ts";
import { isInContainer, programOf } from "./program.ts";
import { uidOf } from "./user.ts";

/** `root`: its user cannot stop it. `user`: it runs as the user of its login. */
export type Watchdog = "root" | "user";

const WATCHDOG = `${PROGRAM_DIRECTORY}/watchdog`;
/** A script is called after its file; one that waits because nothing can be forked is a bash (see pam/watchdog). */
const NAMES = new Set([basename(WATCHDOG), "bash", "sh", "dash"]);
const NODE = `${PROGRAM_DIRECTORY}/node`;
const WRAP = `${PROGRAM_DIRECTORY}/dist/wrap.js`;
/** Node gives its main thread, and so its process, a name of its own. */
const NODE_NAMES = new Set([basename(NODE), "node-MainThread"]);

/** A running watchdog, by the sshd that it was told to guard. */
interface Running {
  readonly sshdPid: number;
  readonly uid: number;
  readonly stat: ProcessStat;
}

/** Tells which watchdog a login has; `undefined` for none. `processes` is what `allProcesses` found. */
export function watchdogsAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (login: Login) => Watchdog | undefined {
  const guardsOf = guardsAmong(processes);
  return (login) => {
    const { root, user } = guardsOf(login);
    if (root.length > 0) return "root";
    return user.length > 0 ? "user" : undefined;
  };
}

/**
 * Tells the pids of what was stopped (SIGSTOP) of a login's watchdogs, where that holds up all that it has: they are there and do
 * nothing. One whose sleep or check was stopped waits for that, and does no more than one that was stopped itself.
 */
export function stoppedWatchdogsAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (login: Login) => readonly number[] {
  const guardsOf = guardsAmong(processes);
  const stoppedOf = stoppedAmong(processes);
  return (login) => {
    const { root, user } = guardsOf(login);
    const stopped = (root.length > 0 ? root : user).map(stoppedOf);
    return stopped.every((pids) => pids.length > 0) ? stopped.flat() : [];
  };
}

/** Tells whether root's watchdog guards a login: it is there and goes on. */
export function guardedAmong(processes: ReadonlyMap<number, ProcessStat>): (login: Login) => boolean {
  const guardsOf = guardsAmong(processes);
  const stoppedOf = stoppedAmong(processes);
  return (login) => guardsOf(login).root.some((guard) => stoppedOf(guard).length === 0);
}

/** What is stopped of a watchdog: itself, or what it waits for. */
function stoppedAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (guard: ProcessStat) => readonly number[] {
  const stopped = [...processes.values()].filter(({ state }) => state === "T");
  return (guard) =>
    stopped.flatMap(({ pid, parent }) => (pid === guard.pid || parent === guard.pid ? [pid] : []));
}

function guardsAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (login: Login) => Readonly<Record<Watchdog, readonly ProcessStat[]>> {
  const running = [...processes.values()].flatMap((it) => [...watchdogIn(it), ...wrapIn(it, processes)]);
  const bySshd = Map.groupBy(running, ({ sshdPid }) => sshdPid);
  // One that is older than the sshd was told of another process with that pid.
  const guards = (uid: number, ref: ProcessRef | undefined) =>
    ref === undefined
      ? []
      : (bySshd.get(ref.pid) ?? []).flatMap((it) =>
          it.uid === uid && it.stat.startTicks >= ref.startTicks ? [it.stat] : [],
        );
  // A privileged sshd that was killed led the session that its child is still in: nobody else is given its pid meanwhile.
  const formerOf = (child: ProcessRef | undefined) => {
    const session = child && processes.get(child.pid)?.session;
    return session === undefined ? undefined : { pid: session, startTicks: 0 };
  };
  return ({ uid, privileged, child }) => ({
    root: guards(0, privileged ?? formerOf(child)),
    user: guards(uid, child ?? privileged),
  });
}

function watchdogIn(stat: ProcessStat): Running[] {
  // It has no terminal, which most shells do.
  if (!NAMES.has(stat.name) || stat.ttyNr !== 0) return [];
  const words = commandLineOf(stat.pid);
  const at = words.indexOf(WATCHDOG);
  // Before it the waiting bash has the length of its pause.
  const sshdPid = at < 0 ? undefined : words.slice(at + 1).findLast((word) => /^\d+$/.test(word));
  const uid = sshdPid === undefined ? undefined : uidOf(stat.pid);
  // The pid that a container's watchdog was told is one of the container's.
  return uid === undefined || isInContainer(stat.pid) ? [] : [{ sshdPid: Number(sshdPid), uid, stat }];
}

/** A wrap guards the login whose terminal it stands on: the leader of its session is a child of the login's sshd. */
function wrapIn(stat: ProcessStat, processes: ReadonlyMap<number, ProcessStat>): Running[] {
  if (!NODE_NAMES.has(stat.name) || stat.ttyNr === 0) return [];
  const leader = processes.get(stat.session);
  // By its file, for a name can be anybody's.
  if (!leader || programOf(stat.pid) !== NODE || !commandLineOf(stat.pid).includes(WRAP)) return [];
  const uid = uidOf(stat.pid);
  return uid === undefined || isInContainer(stat.pid) ? [] : [{ sshdPid: leader.parent, uid, stat }];
}
