// Who draws on a terminal now: read afresh each time, since a program can end between a look and a notice.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { descendantsOf, hasEnded, type ProcessStat, readStat } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { isMultiplexerClient, isRelay } from "./choose.ts";

/** The foreground of a terminal. */
export interface Foreground {
  readonly terminal: Terminal;
  readonly group: number;
  /** The processes of that group, those below the session leader that is. */
  readonly members: readonly ProcessStat[];
}

/** The foreground of a terminal; `undefined` when its leader has ended, or has another terminal by now. */
export function foregroundOf(terminal: Terminal): Foreground | undefined {
  const leader = readStat(terminal.leader.pid);
  if (!leader || hasEnded(leader) || leader.startTicks !== terminal.leader.startTicks) return undefined;
  if (leader.ttyNr >>> 0 !== terminal.deviceNumber) return undefined;
  const group = leader.foregroundGroup;
  const members = [leader, ...descendantsOf(leader.pid)].filter(
    (it) => it.session === leader.pid && it.processGroup === group,
  );
  return { terminal, group, members };
}

/** The foreground that the user sees: what runs on the terminal inside, where a program such as `sudo` only relays it. */
export function ownerOf(terminal: Terminal): Foreground | undefined {
  const foreground = foregroundOf(terminal);
  if (!foreground || !terminal.inner || !isRelay(namesOf(foreground))) return foreground;
  return ownerOf(terminal.inner) ?? foreground;
}

/** What the processes of a foreground call themselves. */
export function namesOf({ members }: Foreground): string[] {
  return members.map(({ name }) => name);
}

/** The processes whose writes reach the screen: the foreground, what it relays, and the server of a tmux or screen client. */
export function paintersOf(terminal: Terminal): number[] {
  const foregrounds = [foregroundOf(terminal), ownerOf(terminal)].filter((it) => it !== undefined);
  const members = foregrounds.flatMap((it) => it.members);
  const servers = members.some(({ name }) => isMultiplexerClient(name)) ? serversOn(terminal.path) : [];
  return [...new Set([...members.map(({ pid }) => pid), ...servers])];
}

/** Servers are nobody's children here: they are found by name among all processes, and by the terminal that they hold open. */
function serversOn(path: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter(
      (pid) => /^(tmux: server|tmux|screen|SCREEN)$/.test(readStat(pid)?.name ?? "") && holds(pid, path),
    );
}

/** Whether a process has a file open; false where we may not ask. */
function holds(pid: number, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
  } catch {
    return false;
  }
}

/**
 * Bytes that processes have written so far (`wchar`, proc_pid_io(5)), those of other users left out where we may not ask;
 * `undefined` when none could be asked.
 */
export function writtenBy(pids: readonly number[]): number | undefined {
  const counts = pids.map(writtenByOne).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

function writtenByOne(pid: number): number | undefined {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1]);
  } catch {
    return undefined;
  }
}
