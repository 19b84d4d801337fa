// Whether the user of a login asked for it to stay (`afkill stay`), or runs a command that keeps it (`afkill run`).
import { commandLineOf, namedIn, type ProcessStat, startedBootMs } from "../login/process.ts";
import { PROGRAM_DIRECTORY } from "../system/paths.ts";

/** The program that keeps a login while it runs: pam/hold. */
export const HOLD = `${PROGRAM_DIRECTORY}/hold`;

const LONGEST_NAME = 60;

/** What was asked for. Anybody can give a process this name: the policy's `max_stay` bounds its effect. */
export interface Stay {
  /** The session in which it was asked for. */
  readonly session: number;
  /** The end, on the boot clock. */
  readonly untilMs: number;
  /** What `afkill run` runs; `undefined` for `afkill stay`. */
  readonly command: string | undefined;
}

/**
 * The stays asked for in some sessions, among all processes of the host. If the parent of such a process has ended, it is below no login
 * any more, but its session still tells where it belongs.
 */
export function staysIn(sessions: ReadonlySet<number>, processes?: ReadonlyMap<number, ProcessStat>): Stay[] {
  return [...(processes?.values() ?? namedIn(sessions, "hold"))].flatMap((stat) =>
    stat.name === "hold" && sessions.has(stat.session) ? stayOf(stat, commandLineOf(stat.pid)) : [],
  );
}

/** What a process asks for in its command line, which it can write itself; empty if that is not the command line of pam/hold. */
export function stayOf(
  stat: Pick<ProcessStat, "pid" | "startTicks" | "session">,
  commandLine: readonly string[],
): Stay[] {
  const [shell, option, program, seconds = "", command] = commandLine;
  if (shell !== "/bin/sh" || option !== "-p" || program !== HOLD || !/^\d{1,9}$/.test(seconds)) return [];
  const untilMs = startedBootMs(stat) + Number(seconds) * 1000;
  return [{ session: stat.session, untilMs, command: command?.slice(0, LONGEST_NAME) || undefined }];
}
