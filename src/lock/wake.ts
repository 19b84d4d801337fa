// Wakes the watchdog of a login, so that it sees at once what a locker did.

import { constants } from "node:os";
import type { Login } from "../login/login.ts";
import { allProcesses, type ProcessStat, readStat } from "../login/process.ts";
import { rootWatchdogsAmong } from "../login/watchdogs.ts";
import { closePidfd, openPidfd, readStart, signalPidfd } from "../system/libc.ts";

const { SIGUSR2 } = constants.signals;

/** Sends SIGUSR2 to root's watchdog of a login. Returns whether there is one that waits for it. Never throws. */
export function wakeWatchdog(login: Login): boolean {
  try {
    return rootWatchdogsAmong(allProcesses())(login).map(wake).includes(true);
  } catch {
    return false;
  }
}

function wake({ pid, startTicks }: ProcessStat): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return false;
  try {
    return waitsForIt(pid, startTicks) && signalPidfd(pidfd, SIGUSR2);
  } finally {
    closePidfd(pidfd);
  }
}

/** A watchdog that an older afkill has started does not catch the signal: it would end. Nor does a part of a watchdog that it has forked. */
function waitsForIt(pid: number, startTicks: number): boolean {
  const caught = /^SigCgt:\t([0-9a-f]+)$/m.exec(readStart(`/proc/${pid}/status`))?.[1] ?? "0";
  const isCaught = (BigInt(`0x${caught}`) & (1n << BigInt(SIGUSR2 - 1))) !== 0n;
  return isCaught && readStat(pid)?.startTicks === startTicks;
}
