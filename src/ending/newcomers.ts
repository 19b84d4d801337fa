// Finds what a client began in a login after the login was judged, at the last moment before its end.
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Login } from "../login/login.ts";
import { childrenOf, type ProcessRef, readStat, startedBootMs } from "../login/process.ts";
import { type Held, isGone, isStopped, send } from "./held.ts";
import { type Measure, type Target, TERMINATE } from "./insist.ts";

const { SIGCONT, SIGSTOP, SIGTERM } = constants.signals;

/** A start time is rounded down to the clock tick (proc_pid_stat(5), field 22). */
const TICK_MS = 10;
/** A running process stops at its next system call or interrupt. One that waits for a disk stops later: the wait is no longer than this. */
const STOPS_MS = 250;

/** An sshd that is stopped, so that nothing can begin in it while it is looked at. */
export interface Standing {
  /** Lets it continue. */
  readonly release: () => void;
  /** Ends it, whoever stopped it. */
  readonly terminate: Measure;
}

/**
 * The sessions that began in a login at `sinceMs` (boot clock) or later. Each command, subsystem and shell is a child of its sshd. One that
 * has ended counts until its sshd has waited for it: the client does not know of its end yet either.
 */
export function sessionsSince({ server }: Pick<Login, "server">, sinceMs: number): ProcessRef[] {
  return childrenOf(server.pid).flatMap((pid) => {
    const stat = readStat(pid);
    const isNew = stat?.parent === server.pid && startedBootMs(stat) + TICK_MS > sinceMs;
    return isNew ? [{ pid, startTicks: stat.startTicks }] : [];
  });
}

/**
 * Stops an sshd, so that it begins nothing that the client asks for meanwhile. If it cannot be stopped, it goes on, and is ended in the
 * usual way.
 */
export async function standStill({ held }: Target): Promise<Standing> {
  // Its own user has stopped it: see TERMINATE.
  if (!held || isGone(held) || isStopped(held)) return { release: () => undefined, terminate: TERMINATE };
  const release = () => tryTo(() => send(held, SIGCONT));
  if (!tryTo(() => send(held, SIGSTOP))) return { release, terminate: TERMINATE };
  const until = performance.now() + STOPS_MS;
  while (!isStopped(held) && !isGone(held) && performance.now() < until) await sleep(1);
  return { release, terminate: { name: TERMINATE.name, take: terminateStopped } };
}

/** SIGTERM is pending when the sshd continues: it acts on that before anything else. */
function terminateStopped(held: Held): boolean {
  send(held, SIGTERM, SIGCONT);
  return true;
}

function tryTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
