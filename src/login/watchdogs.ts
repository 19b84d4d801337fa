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
/** A script has the name of its file. While nothing can be forked it waits as a bash (see pam/watchdog). */
const NAMES = new Set([basename(WATCHDOG), "bash", "sh", "dash"]);
const NODE = `${PROGRAM_DIRECTORY}/node`;
const WRAP = `${PROGRAM_DIRECTORY}/dist/wrap.js`;
/** Node gives its main thread, and so its process, another name. */
const NODE_NAMES = new Set([basename(NODE), "node-MainThread"]);

/** A running watchdog, with the sshd that it was told to guard. */
interface Running {
  readonly sshdPid: number;
  readonly uid: number;
  readonly stat: ProcessStat;
}

/** Returns a function that tells which watchdog a login has; `undefined` for none. `processes` is the result of `allProcesses`. */
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
 * Returns a function that tells which processes of a login's watchdogs are stopped (SIGSTOP), by pid, if this holds up all its watchdogs;
 * else none. Stopped watchdogs are there but do nothing. If the sleep or the check of a watchdog is stopped, the watchdog waits for it, and
 * this is the same as a stopped watchdog.
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

/** Returns a function that tells whether root's watchdog guards a login: it is there and not stopped. */
export function guardedAmong(processes: ReadonlyMap<number, ProcessStat>): (login: Login) => boolean {
  const guardsOf = guardsAmong(processes);
  const stoppedOf = stoppedAmong(processes);
  return (login) => guardsOf(login).root.some((guard) => stoppedOf(guard).length === 0);
}

/** Returns a function that names the processes of root's watchdogs of a login. */
export function rootWatchdogsAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (login: Login) => readonly ProcessStat[] {
  const guardsOf = guardsAmong(processes);
  return (login) => guardsOf(login).root;
}

/** The stopped processes of a watchdog: itself, or a process that it waits for. */
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
  // A watchdog that is older than the sshd was told of another process with that pid.
  const guards = (uid: number, ref: ProcessRef | undefined) =>
    ref === undefined
      ? []
      : (bySshd.get(ref.pid) ?? []).flatMap((it) =>
          it.uid === uid && it.stat.startTicks >= ref.startTicks ? [it.stat] : [],
        );
  // A privileged sshd that was killed led the session in which its child still is. Nobody else gets its pid while that session exists.
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
  // A watchdog has no terminal; most shells have one.
  if (!NAMES.has(stat.name) || stat.ttyNr !== 0) return [];
  const words = commandLineOf(stat.pid);
  const at = words.indexOf(WATCHDOG);
  // The waiting bash has the length of its pause before the path.
  const sshdPid = at < 0 ? undefined : words.slice(at + 1).findLast((word) => /^\d+$/.test(word));
  const uid = sshdPid === undefined ? undefined : uidOf(stat.pid);
  // In a container, a watchdog was told a pid of the container.
  return uid === undefined || isInContainer(stat.pid) ? [] : [{ sshdPid: Number(sshdPid), uid, stat }];
}

/** Whether a process runs our wrap. Its file decides: any process can have the name. It is a process of its user's all the same. */
export function isWrap(pid: number): boolean {
  return programOf(pid) === NODE && commandLineOf(pid).includes(WRAP);
}

/** A wrap guards the login on whose terminal it stands: the leader of its session is a child of the login's sshd. */
function wrapIn(stat: ProcessStat, processes: ReadonlyMap<number, ProcessStat>): Running[] {
  if (!NODE_NAMES.has(stat.name) || stat.ttyNr === 0) return [];
  const leader = processes.get(stat.session);
  if (!leader || !isWrap(stat.pid)) return [];
  const uid = uidOf(stat.pid);
  return uid === undefined || isInContainer(stat.pid) ? [] : [{ sshdPid: leader.parent, uid, stat }];
}
