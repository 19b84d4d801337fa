// Kills a child of this process together with everything below it, in whatever session that is.
import { constants } from "node:os";
import { descendantsOf, hasEnded, type ProcessRef, readStat } from "../login/process.ts";
import { closePidfd, openPidfd, signalPidfd } from "../system/libc.ts";

const { SIGKILL, SIGSTOP } = constants.signals;

/** What is killed can have started something a moment before. */
const MOST_ROUNDS = 3;

/**
 * Kills a child that has not been waited for: its pid is its own. It stands still meanwhile, so that it starts nothing and its children
 * stay below it. Throws `SystemCallError` if we may not signal one of them.
 */
export function killTree(pid: number): void {
  const child = readStat(pid);
  if (child === undefined) return;
  send(child, SIGSTOP);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const below = descendantsOf(pid).filter((stat) => !hasEnded(stat));
    if (below.length === 0) break;
    for (const one of below) send(one, SIGKILL);
  }
  send(child, SIGKILL);
}

function send(ref: ProcessRef, signal: number): void {
  const pidfd = openPidfd(ref.pid);
  if (pidfd === undefined) return;
  try {
    // Compared while the pidfd is open: from now on no other process can get this pid.
    if (readStat(ref.pid)?.startTicks === ref.startTicks) signalPidfd(pidfd, signal);
  } finally {
    closePidfd(pidfd);
  }
}
