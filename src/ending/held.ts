// Holds a process by a pidfd. A pid can be given to another process at any moment, a pidfd cannot.
import { setTimeout as sleep } from "node:timers/promises";
import { hasEnded, type ProcessRef, readStat } from "../login/process.ts";
import { closePidfd, openPidfd, type Pidfd, type SystemCallError, signalPidfd } from "../system/libc.ts";

/** One process. A signal to it never reaches another process. Release it with `using` or `[Symbol.dispose]`. */
export interface Held extends Disposable {
  readonly ref: ProcessRef;
  readonly pidfd: Pidfd;
}

const LOOK_EVERY_MS = 25;

/**
 * Holds a process; `undefined` if exactly this process is gone. Throws if it is not clear whether it is the same one: a /proc mounted with
 * `hidepid` hides the processes of others.
 */
export function hold(ref: ProcessRef): Held | undefined {
  const pidfd = openPidfd(ref.pid);
  if (pidfd === undefined) return undefined;
  try {
    // Only now: a process that has this pid and start time after the open is the one that was opened.
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

/** Sends signals, in order. Throws `SystemCallError` (EPERM) if that is not allowed. A process that is gone is no error. */
export function send(held: Held, ...signals: readonly number[]): void {
  for (const signal of signals) signalPidfd(held.pidfd, signal);
}

/** Whether a process is gone. A zombie counts as gone, even if its parent has not waited for it. */
export function isGone({ ref, pidfd }: Held): boolean {
  if (!exists(pidfd)) return true;
  const stat = readStat(ref.pid);
  return stat?.startTicks === ref.startTicks && hasEnded(stat);
}

/** Whether a process is stopped. Then it acts only on SIGKILL and SIGCONT, and on other signals perhaps later. */
export function isStopped({ ref }: Held): boolean {
  const stat = readStat(ref.pid);
  return stat?.startTicks === ref.startTicks && /^[Tt]$/.test(stat.state);
}

/** Waits until a process is gone. Returns whether it ended within `withinMs`. Looks at least once. */
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
