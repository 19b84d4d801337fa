// What a client began in a login after that was judged, at the last moment before its end.
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Login } from "../login/login.ts";
import { childrenOf, type ProcessRef, readStat, startedBootMs } from "../login/process.ts";
import { type Held, isGone, isStopped, send } from "./held.ts";
import { type Measure, type Target, TERMINATE } from "./insist.ts";

const { SIGCONT, SIGSTOP, SIGTERM } = constants.signals;

/** A start time is cut to this: to the clock tick (proc_pid_stat(5), field 22). */
const TICK_MS = 10;
/** A process that runs stops at its next system call or interrupt; one that waits for a disk, later. It is not waited for any longer. */
const STOPS_MS = 250;

/** An sshd that stands still, so that nothing can begin in it while it is looked at. */
export interface Standing {
  /** Lets it go on. */
  readonly release: () => void;
  /** Ends it, whoever stopped it. */
  readonly terminate: Measure;
}

/**
 * The sessions that began in a login at `sinceMs` (boot clock) or later: each command, subsystem and shell is a child of its sshd. One
 * that has ended counts while its sshd has not asked for its status: that has not reached the client either.
 */
export function sessionsSince({ server }: Pick<Login, "server">, sinceMs: number): ProcessRef[] {
  return childrenOf(server.pid).flatMap((pid) => {
    const stat = readStat(pid);
    const isNew = stat?.parent === server.pid && startedBootMs(stat) + TICK_MS > sinceMs;
    return isNew ? [{ pid, startTicks: stat.startTicks }] : [];
  });
}

/** Stops an sshd: what the client asks for meanwhile is not begun. Where it cannot be stopped, it goes on, and is ended as ever. */
export async function standStill({ held }: Target): Promise<Standing> {
  // Its own user has stopped it: see TERMINATE.
  if (!held || isGone(held) || isStopped(held)) return { release: () => undefined, terminate: TERMINATE };
  const release = () => tryTo(() => send(held, SIGCONT));
  if (!tryTo(() => send(held, SIGSTOP))) return { release, terminate: TERMINATE };
  const until = performance.now() + STOPS_MS;
  while (!isStopped(held) && !isGone(held) && performance.now() < until) await sleep(1);
  return { release, terminate: { name: TERMINATE.name, take: terminateStopped } };
}

/** The signal waits for it: it acts on that before anything else. */
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
