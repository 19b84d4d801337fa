// Which logins have a watchdog, and whose it is.
import { basename } from "node:path";
import { PROGRAM_DIRECTORY } from "../setup/layout.ts";
import type { Login } from "./login.ts";
import { commandLineOf, type ProcessStat } from "./process.ts";
import { uidOf } from "./user.ts";

/** `root`: its user cannot stop it. `user`: it runs as the user of its login. */
export type Watchdog = "root" | "user";

const WATCHDOG = `${PROGRAM_DIRECTORY}/watchdog`;
/** A script is called after its file; one that waits because nothing can be forked is a bash (see pam/watchdog). */
const NAMES = new Set([basename(WATCHDOG), "bash", "sh", "dash"]);

/** A running watchdog, by the sshd that it was told to guard. */
interface Running {
  readonly sshdPid: number;
  readonly uid: number;
  readonly startTicks: number;
}

/** Tells which watchdog a login has; `undefined` for none. `processes` is what `allProcesses` found. */
export function watchdogsAmong(
  processes: ReadonlyMap<number, ProcessStat>,
): (login: Login) => Watchdog | undefined {
  const running = [...processes.values()].flatMap(watchdogIn);
  return (login) => {
    // One that is older than the sshd was told of another process with that pid.
    const guards = (uid: number, ref: { readonly pid: number; readonly startTicks: number } | undefined) =>
      running.some((it) => it.uid === uid && it.sshdPid === ref?.pid && it.startTicks >= ref.startTicks);
    if (guards(0, login.privileged)) return "root";
    return guards(login.uid, login.child ?? login.privileged) ? "user" : undefined;
  };
}

function watchdogIn(stat: ProcessStat): Running[] {
  // It has no terminal, which most shells do.
  if (!NAMES.has(stat.name) || stat.ttyNr !== 0) return [];
  const words = commandLineOf(stat.pid);
  const at = words.indexOf(WATCHDOG);
  // Before it the waiting bash has the length of its pause.
  const sshdPid = at < 0 ? undefined : words.slice(at + 1).findLast((word) => /^\d+$/.test(word));
  const uid = sshdPid === undefined ? undefined : uidOf(stat.pid);
  return uid === undefined ? [] : [{ sshdPid: Number(sshdPid), uid, startTicks: stat.startTicks }];
}
