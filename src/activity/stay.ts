// Whether the user of a login asked for it to stay (`afkill stay`), or runs a command that keeps it (`afkill run`).
import { allProcesses, commandLineOf, type ProcessStat, startedBootMs } from "../login/process.ts";
import { PROGRAM_DIRECTORY } from "../setup/layout.ts";

/** The program that keeps a login while it runs: pam/hold. */
export const HOLD = `${PROGRAM_DIRECTORY}/hold`;

const LONGEST_NAME = 60;

/** What was asked for. Anybody can call a process so: the policy's `max_stay` bounds what it is good for. */
export interface Stay {
  /** The session that it was asked in. */
  readonly session: number;
  /** Until when, on the boot clock. */
  readonly untilMs: number;
  /** What `afkill run` runs; `undefined` for `afkill stay`. */
  readonly command: string | undefined;
}

/** The stays asked for in some sessions. One whose parent has ended is below no login any more; its session tells where it belongs. */
export function staysIn(sessions: ReadonlySet<number>): Stay[] {
  return [...allProcesses().values()].flatMap((stat) =>
    stat.name === "hold" && sessions.has(stat.session) ? stayOf(stat) : [],
  );
}

function stayOf(stat: ProcessStat): Stay[] {
  const [shell, option, program, seconds = "", command] = commandLineOf(stat.pid);
  if (shell !== "/bin/sh" || option !== "-p" || program !== HOLD || !/^\d{1,9}$/.test(seconds)) return [];
  const untilMs = startedBootMs(stat) + Number(seconds) * 1000;
  return [{ session: stat.session, untilMs, command: command?.slice(0, LONGEST_NAME) || undefined }];
}
