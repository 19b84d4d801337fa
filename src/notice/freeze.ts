// Keeping programs from drawing over a last line. Held by pidfds: what is let go again is what was stopped, never a later process.
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
  /** Lets it go on. Call it once. */
  readonly thaw: () => void;
}

/**
 * Stops the session leader, then the foreground group: in that order, or a shell would see its job stop and prompt. Background
 * jobs go on. What may not be signalled, and what was stopped before, is left as it is.
 */
export async function freeze(terminal: Terminal): Promise<Frozen> {
  const stopped = new Map<number, Pidfd>();
  const thaw = () => {
    // The leader last: a shell that runs again finds none of its jobs stopped.
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

/** Stops one process and keeps hold of it; `undefined` when it is gone, not ours to stop, ourselves, or stopped already. */
function stopOne(ref: ProcessRef): Pidfd | undefined {
  const pidfd = ref.pid === process.pid ? undefined : openPidfd(ref.pid);
  if (pidfd === undefined) return undefined;
  // Compared with the pidfd open: from here on the pid cannot have been another process's.
  const stat = readStat(ref.pid);
  if (stat?.startTicks === ref.startTicks && stat.state !== "T" && signal(pidfd, SIGSTOP)) return pidfd;
  closePidfd(pidfd);
  return undefined;
}

/** A signal to a running process takes effect a moment later. */
async function allStopped(refs: readonly ProcessRef[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < STOPS_WITHIN_MS; waitedMs += STEP_MS) {
    if (refs.every(({ pid }) => ["T", "t", "Z", undefined].includes(readStat(pid)?.state))) return;
    await sleep(STEP_MS);
  }
}

/** Hangs up one process and waits for its end, at most `withinMs`. */
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

/** Whether the signal was sent: not to a process that is gone, or that we may not signal. */
function signal(pidfd: Pidfd, number: number): boolean {
  try {
    return signalPidfd(pidfd, number);
  } catch {
    return false;
  }
}
