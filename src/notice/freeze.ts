// Keeps programs from drawing over a last line. It holds them by pidfds, so it continues only processes that it stopped, never a later one.
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessRef, readStat } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { closePidfd, openPidfd, type Pidfd, signalPidfd } from "../system/libc.ts";
import { foregroundOf } from "./owner.ts";

const { SIGSTOP, SIGCONT, SIGHUP } = constants.signals;

const STEP_MS = 10;
const STOPS_WITHIN_MS = 200;
/** A group can start processes while it is being stopped. */
const MOST_ROUNDS = 3;

/** What was stopped so that nothing draws over a last line. */
export interface Frozen {
  /** Lets it continue. Call it once. */
  readonly thaw: () => void;
}

/**
 * Stops the session leader, then the foreground group. In the other order a shell would see its job stop and show a prompt. Background jobs
 * go on. Processes that we may not signal, or that were stopped before, are left alone.
 */
export async function freeze(terminal: Terminal): Promise<Frozen> {
  const stopped = new Map<number, Pidfd>();
  const thaw = () => {
    // The leader is last: when a shell runs again, none of its jobs must be stopped.
    for (const pidfd of [...stopped.values()].reverse()) {
      signal(pidfd, SIGCONT);
      closePidfd(pidfd);
    }
    stopped.clear();
  };
  const stop = async (refs: readonly ProcessRef[]) => {
    for (const ref of refs) {
      const pidfd = stopOne(ref);
      if (pidfd !== undefined) stopped.set(ref.pid, pidfd);
    }
    await allStopped(refs);
  };
  try {
    if (terminal.leader) await stop([terminal.leader]);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const running = foregroundOf(terminal)?.members.filter(({ pid }) => !stopped.has(pid)) ?? [];
      if (running.length === 0) break;
      await stop(running);
    }
    return { thaw };
  } catch (error) {
    thaw();
    throw error;
  }
}

/** Stops one process and keeps its pidfd; `undefined` if it is gone, not ours to stop, ourselves, or already stopped. */
function stopOne(ref: ProcessRef): Pidfd | undefined {
  const pidfd = ref.pid === process.pid ? undefined : openPidfd(ref.pid);
  if (pidfd === undefined) return undefined;
  // Compared while the pidfd is open: from now on no other process can get this pid.
  const stat = readStat(ref.pid);
  if (stat?.startTicks === ref.startTicks && stat.state !== "T" && signal(pidfd, SIGSTOP)) return pidfd;
  closePidfd(pidfd);
  return undefined;
}

/** Waits: a signal to a running process takes effect a moment later. */
async function allStopped(refs: readonly ProcessRef[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < STOPS_WITHIN_MS; waitedMs += STEP_MS) {
    if (refs.every(({ pid }) => ["T", "t", "Z", undefined].includes(readStat(pid)?.state))) return;
    await sleep(STEP_MS);
  }
}

/** Hangs up one process and waits for its end, for at most `withinMs`. */
export async function hangUpProcess(ref: ProcessRef, withinMs: number): Promise<void> {
  const pidfd = openPidfd(ref.pid);
  if (pidfd === undefined) return;
  try {
    if (!isAlive(ref) || !signal(pidfd, SIGHUP)) return;
    for (let waitedMs = 0; waitedMs < withinMs && isAlive(ref); waitedMs += STEP_MS) await sleep(STEP_MS);
  } finally {
    closePidfd(pidfd);
  }
}

/** Whether the signal was sent. It is not if the process is gone, or we may not signal it. */
function signal(pidfd: Pidfd, number: number): boolean {
  try {
    return signalPidfd(pidfd, number);
  } catch {
    return false;
  }
}
