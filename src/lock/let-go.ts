// The wraps in front of a terminal (docs/wrap.md): they are asked to let go of it, so that they need not be stopped, and what runs inside goes on.
//
// A wrap is a process of the user's, so nothing that it says is believed. What counts is what the kernel shows: a process that has no
// descriptor of the terminal cannot read it, and cannot open it while it is root's alone (TIOCEXCL holds for /dev/tty too, tty_open in the
// kernel's tty_io.c). So:
// 1. The terminal is taken, which is also the sign for the wrap. It has a moment to close all its descriptors.
// 2. It is stopped, looked at, and continued. While it is stopped it can hide nothing from the look; and a thread that was reading when its
//    descriptor was closed would get the next keys, but a stop ends every system call, and it begins anew without the descriptor.
// 3. A wrap that keeps one, or is later seen with one, stays stopped as every other program: nothing is lost, only its output waits.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { descriptorsIn } from "../login/descriptors.ts";
import { isAlive, type ProcessRef, readStat } from "../login/process.ts";
import { isWrap } from "../login/watchdogs.ts";
import type { Stopper } from "../notice/freeze.ts";
import { foregroundOf } from "../notice/owner.ts";
import { fileFacts } from "../system/libc.ts";
import { CONTROLLING_TERMINAL, type Held } from "./holders.ts";

/** Processes in front that cannot read the terminal. */
export interface Spared {
  readonly has: (ref: ProcessRef) => boolean;
  /** Forgets those that could read it by now. Returns whether there were any. */
  readonly renew: () => boolean;
}

/** The time for writing what is on its way, and for closing. */
const LETS_GO_WITHIN_MS = 2_000;
const STEP_MS = 20;
/** A wrap has some thirty. Who has this many can hide one among them. */
const MANY_DESCRIPTORS = 256;
const MOST_THREADS = 256;
/** What cannot hold a terminal, beside files, sockets and rings. With a pidfd, for one, a process takes descriptors from others. */
const HARMLESS = /^(?:pipe:\[\d+\]|anon_inode:(?:\[eventpoll\]|\[eventfd\]|inotify))$/;
const RING = "anon_inode:[io_uring]";

/** Asks, and waits for at most 2 s. `take`: makes the terminal root's alone; not called if there is no wrap. Throws if the terminal is gone. */
export async function askToLetGo(held: Held, stopper: Stopper, take: () => void): Promise<Spared> {
  const { leader } = held.terminal;
  // Without its leader the terminal would be gone. It is always stopped.
  const wraps = (foregroundOf(held.terminal)?.members ?? []).filter(
    (it) => it.pid !== leader?.pid && isWrap(it.pid),
  );
  if (wraps.length === 0) return sparedOf([], held);
  take();
  // A program that knows nothing of this looks at the size of its window, and that is all.
  for (const wrap of wraps) if (isAlive(wrap)) tell(wrap);
  const isDone = () => wraps.every((wrap) => !mayRead(wrap.pid, held));
  for (let waitedMs = 0; waitedMs < LETS_GO_WITHIN_MS && !isDone(); waitedMs += STEP_MS) await sleep(STEP_MS);
  // First the leader, or a shell would see its job stop.
  if (leader) await stopper.stop([leader]);
  await stopper.stop(wraps);
  const spared = wraps.filter((wrap) => isStopped(wrap) && !mayRead(wrap.pid, held));
  stopper.letGo(spared);
  return sparedOf(spared, held);
}

function isStopped({ pid, startTicks }: ProcessRef): boolean {
  const stat = readStat(pid);
  return stat?.startTicks === startTicks && stat.state === "T";
}

function tell({ pid }: ProcessRef): void {
  try {
    process.kill(pid, "SIGWINCH");
  } catch {
    // It is gone.
  }
}

function sparedOf(refs: readonly ProcessRef[], held: Held): Spared {
  let spared = refs;
  return {
    has: ({ pid, startTicks }) => spared.some((it) => it.pid === pid && it.startTicks === startTicks),
    renew: () => {
      const before = spared.length;
      spared = spared.filter(({ pid }) => !mayRead(pid, held));
      return spared.length < before;
    },
  };
}

/** Whether a process has a descriptor of the terminal, or may have one that cannot be seen. Each thread can have its own (unshare(2)). */
function mayRead(pid: number, { fd, terminal }: Held): boolean {
  const own = fileFacts(`/proc/self/fd/${fd}`)?.file;
  if (own === undefined) throw new Error(`${terminal.path} is gone`);
  const threads = threadsOf(pid);
  return threads.length > MOST_THREADS || threads.some((thread) => holdsTerminal(thread, own));
}

function holdsTerminal(thread: number, own: string): boolean {
  let count = 0;
  for (const { fd, target } of descriptorsIn(thread, 2 * MANY_DESCRIPTORS)) {
    count++;
    if (target.startsWith("/") ? isTerminal(`/proc/${thread}/fd/${fd}`, own) : mayHide(thread, fd, target))
      return true;
  }
  return count >= MANY_DESCRIPTORS;
}

/** A file that is gone by now is none. */
function isTerminal(path: string, own: string): boolean {
  const facts = fileFacts(path);
  return facts?.file === own || facts?.special === CONTROLLING_TERMINAL;
}

/** Whether there may be an open file in something that is no file itself. */
function mayHide(thread: number, fd: number, target: string): boolean {
  const isSocket = target.startsWith("socket:");
  if (!isSocket && target !== RING) return !HARMLESS.test(target);
  try {
    const facts = readFileSync(`/proc/${thread}/fdinfo/${fd}`, "latin1");
    return isSocket ? hasMail(facts) : !isIdleRing(facts);
  } catch {
    return true;
  }
}

/** Whether a socket has descriptors that were sent and not yet taken (`unix_show_fdinfo` in the kernel's af_unix.c). */
function hasMail(facts: string): boolean {
  return /^scm_fds:\s*0*[1-9]/m.test(facts);
}

/**
 * Whether an io_uring has neither files of its own nor requests under way, as that of every Node (io_uring_show_fdinfo in the kernel's
 * io_uring/fdinfo.c, which says less of a ring that is busy).
 */
export function isIdleRing(facts: string): boolean {
  const value = (name: string) => new RegExp(`^${name}:[ \t]*(\\d+)$`, "m").exec(facts)?.[1];
  const begun = value("CachedSqHead");
  return (
    value("UserFiles") === "0" &&
    begun !== undefined &&
    begun === value("CachedCqTail") &&
    /^PollList:\n\S/m.test(facts)
  );
}

/** None if the process is gone. */
function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
