// Stops the programs on a terminal, for a last line or a lock. It holds them by pidfds, so it continues only processes that it stopped, never
// a later one.
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessRef, type ProcessStat, readStat, threadStatesOf } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { closePidfd, openPidfd, type Pidfd, signalPidfd } from "../system/libc.ts";
import type { FrozenFile } from "./frozen-file.ts";
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

/** Stops processes one after the other, and lets them continue in the reverse order. */
export interface Stopper extends Frozen {
  /** Stops what runs of these. Processes that we may not signal, or that were stopped before, are left alone. */
  readonly stop: (refs: readonly ProcessRef[]) => Promise<void>;
  /** Lets some of these continue, and forgets them. */
  readonly letGo: (refs: readonly ProcessRef[]) => void;
  /** Stops again what somebody else let continue. Returns those processes. Forgets those that have ended. */
  readonly renew: () => Promise<readonly ProcessRef[]>;
  /** Waits until everything stands still. Returns what runs all the same after `withinMs`: its tracer may let no SIGSTOP through. */
  readonly running: (withinMs: number) => Promise<readonly ProcessRef[]>;
  /** What is stopped, in the order in which it was stopped. */
  readonly stopped: () => readonly ProcessRef[];
}

/** Begins with nothing stopped. `note` is told what will be stopped before any more of it is; if it throws, nothing more is. */
export function newStopper(note: (stopped: readonly ProcessRef[]) => void = () => undefined): Stopper {
  const held = new Map<number, Stopped>();
  const stopped = () => [...held.values()].map(({ ref }) => ref);
  const drop = ({ ref, pidfd }: Stopped) => {
    held.delete(ref.pid);
    closePidfd(pidfd);
  };
  return {
    stopped,
    stop: async (refs) => {
      const begun = refs.flatMap((ref) => (held.has(ref.pid) ? [] : (openRunning(ref) ?? [])));
      for (const it of begun) held.set(it.ref.pid, it);
      if (begun.length === 0) return;
      try {
        note(stopped());
      } catch (error) {
        begun.forEach(drop);
        throw error;
      }
      for (const it of begun) if (!signal(it.pidfd, SIGSTOP)) drop(it);
      await allStopped(begun.map(({ ref }) => ref));
    },
    letGo: (refs) => {
      for (const { pid } of refs) {
        const it = held.get(pid);
        if (!it) continue;
        signal(it.pidfd, SIGCONT);
        drop(it);
      }
    },
    renew: async () => {
      for (const it of held.values()) if (!isAlive(it.ref)) drop(it);
      // One that waits for a disk stops before it does anything else.
      const running = [...held.values()].filter(({ ref }) => !isStill(ref));
      for (const { pidfd } of running) signal(pidfd, SIGSTOP);
      const refs = running.map(({ ref }) => ref);
      await allStopped(refs);
      return refs;
    },
    running: async (withinMs) => {
      const refs = () => stopped().filter((ref) => !isStill(ref));
      for (let waitedMs = 0; waitedMs < withinMs && refs().length > 0; waitedMs += STEP_MS)
        await sleep(STEP_MS);
      return refs();
    },
    thaw: () => {
      // The leader is last: when a shell runs again, none of its jobs must be stopped.
      for (const it of [...held.values()].reverse()) {
        signal(it.pidfd, SIGCONT);
        drop(it);
      }
    },
  };
}

/**
 * Stops the session leader, then what waits for the foreground group below it (a shell in a shell, su), then the group, each before its
 * children: a shell that sees its job stop shows a prompt, and su and sudo stop themselves. Background jobs go on.
 * `isSpared`: which of the group need not be stopped.
 */
export async function stopForeground(
  terminal: Terminal,
  stopper: Stopper,
  isSpared: (ref: ProcessRef) => boolean = () => false,
): Promise<void> {
  if (terminal.leader) await stopper.stop([terminal.leader]);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const known = new Set(stopper.stopped().map(({ pid }) => pid));
    const running = generationsOf(terminal)
      .map((generation) => generation.filter((it) => !known.has(it.pid) && !isSpared(it)))
      .filter((generation) => generation.length > 0);
    if (running.length === 0) return;
    for (const generation of running) await stopper.stop(generation);
  }
}

/** The foreground group and everything between it and the leader, by how far below the leader it is. */
function generationsOf(terminal: Terminal): readonly (readonly ProcessStat[])[] {
  const generations: Map<number, ProcessStat>[] = [];
  for (const member of foregroundOf(terminal)?.members ?? []) {
    for (const [depth, stat] of lineTo(member).entries()) {
      generations[depth] ??= new Map();
      generations[depth].set(stat.pid, stat);
    }
  }
  return generations.map((generation) => [...generation.values()]);
}

/** A process and those above it in its session, the uppermost first. */
function lineTo(member: ProcessStat): readonly ProcessStat[] {
  // By pid: parents can change while they are read, so a process could come twice.
  const line = new Map<number, ProcessStat>();
  let at: ProcessStat | undefined = member;
  while (at?.session === member.session && !line.has(at.pid)) {
    line.set(at.pid, at);
    at = readStat(at.parent);
  }
  return [...line.values()].reverse();
}

/** Lets processes continue that somebody else has stopped in this order: the last one first. Those that are gone are left out. */
export function letContinue(refs: readonly ProcessRef[]): void {
  for (const ref of refs.toReversed()) {
    const pidfd = openPidfd(ref.pid);
    if (pidfd === undefined) continue;
    if (readStat(ref.pid)?.startTicks === ref.startTicks) signal(pidfd, SIGCONT);
    closePidfd(pidfd);
  }
}

/** Stops the session leader and the foreground group, for a last line. `file`: where it is written what is stopped, before it is. */
export async function freeze(terminal: Terminal, file?: FrozenFile): Promise<Frozen> {
  const stopper = newStopper(file?.note);
  const thaw = () => {
    stopper.thaw();
    file?.forget();
  };
  try {
    await stopForeground(terminal, stopper);
    return { thaw };
  } catch (error) {
    thaw();
    throw error;
  }
}

interface Stopped {
  readonly ref: ProcessRef;
  readonly pidfd: Pidfd;
}

/** Opens a process that runs; `undefined` if it is gone, ourselves, or already stopped. */
function openRunning({ pid, startTicks }: ProcessRef): Stopped | undefined {
  const pidfd = pid === process.pid ? undefined : openPidfd(pid);
  if (pidfd === undefined) return undefined;
  // Compared while the pidfd is open: from now on no other process can get this pid.
  const stat = readStat(pid);
  if (stat?.startTicks === startTicks && stat.state !== "T") return { ref: { pid, startTicks }, pidfd };
  closePidfd(pidfd);
  return undefined;
}

/** Waits: a signal to a running process takes effect a moment later. */
async function allStopped(refs: readonly ProcessRef[]): Promise<void> {
  for (let waitedMs = 0; waitedMs < STOPS_WITHIN_MS; waitedMs += STEP_MS) {
    if (refs.every(isAtRest)) return;
    await sleep(STEP_MS);
  }
}

const STOPPED = new Set(["T", "t", "Z", "X"]);

/** Whether a process is stopped with all its threads, or gone. */
function isAtRest({ pid }: ProcessRef): boolean {
  return threadStatesOf(pid).every((state) => STOPPED.has(state));
}

/** Whether a process does nothing before it stops: it is stopped, or waits for a disk. */
function isStill({ pid }: ProcessRef): boolean {
  return threadStatesOf(pid).every((state) => STOPPED.has(state) || state === "D");
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
