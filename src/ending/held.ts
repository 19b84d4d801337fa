// A process held for good: a pid can be given to another process at any moment, a pidfd cannot.
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, type ProcessRef, readStat } from "../login/process.ts";
import { closePidfd, openPidfd, type Pidfd, type SystemCallError, signalPidfd } from "../system/libc.ts";

/** One process that can be signalled without ever meeting another one. Let go of it with `using` or `[Symbol.dispose]`. */
export interface Held extends Disposable {
  readonly ref: ProcessRef;
  readonly pidfd: Pidfd;
}

const LOOK_EVERY_MS = 25;

/**
 * Takes hold of a process; `undefined` when that very process is gone. Throws where it cannot be told whether it is the same
 * one: a /proc mounted with `hidepid` hides the processes of others.
 */
export function hold(ref: ProcessRef): Held | undefined {
  const pidfd = openPidfd(ref.pid);
  if (pidfd === undefined) return undefined;
  try {
    // Only now: what has this pid and that start time after opening is what was opened.
    const stat = readStat(ref.pid);
    if (stat?.startTicks === ref.startTicks) return { ref, pidfd, [Symbol.dispose]: () => closePidfd(pidfd) };
    if (stat === undefined && exists(pidfd)) throw new Error(`/proc does not show process ${ref.pid}`);
  } catch (error) {
    closePidfd(pidfd);
    throw error;
  }
  closePidfd(pidfd);
  return undefined;
}

/** Sends signals, in order. Throws `SystemCallError` (EPERM) where that is not allowed; a process that is gone is no error. */
export function send(held: Held, ...signals: readonly number[]): void {
  for (const signal of signals) signalPidfd(held.pidfd, signal);
}

/** Whether a process is gone; a zombie is, whether its parent has asked for it or not. */
export function isGone({ ref, pidfd }: Held): boolean {
  if (!exists(pidfd)) return true;
  const stat = readStat(ref.pid);
  return stat?.startTicks === ref.startTicks && hasEnded(stat);
}

/** Whether a process is stopped: it does not act on a signal that it may act on later, only on SIGKILL and SIGCONT. */
export function isStopped({ ref }: Held): boolean {
  const stat = readStat(ref.pid);
  return stat?.startTicks === ref.startTicks && /^[Tt]$/.test(stat.state);
}

/** Waits until a process is gone, and says whether it went within `withinMs`; looks at least once. */
export async function goneWithin(held: Held, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!isGone(held)) {
    if (performance.now() >= until) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

function exists(pidfd: Pidfd): boolean {
  try {
    return signalPidfd(pidfd, 0);
  } catch (error) {
    if ((error as SystemCallError).code === "EPERM") return true;
    throw error;
  }
}
