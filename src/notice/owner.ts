// Finds which programs draw on a terminal now. It reads this again each time, since a program can end between a look and a notice.
import { readdirSync } from "node:fs";
import { writtenBytesOf } from "../activity/payload.ts";
import { beginLook, type IsOver } from "../login/budget.ts";
import { descriptorsIn } from "../login/descriptors.ts";
import { descendantsOf, type ProcessStat, readStat } from "../login/process.ts";
import { sessionNow, type Terminal } from "../login/terminal.ts";
import { uidOf } from "../login/user.ts";
import { isMultiplexerClient, isRelay } from "./choose.ts";

/** The foreground of a terminal. */
export interface Foreground {
  readonly terminal: Terminal;
  /** 0 for none. */
  readonly group: number;
  /** The processes of that group that are the session leader or below it. */
  readonly members: readonly ProcessStat[];
}

/** The foreground of a terminal; without members if its session is not the login's; `undefined` if the terminal is gone. */
export function foregroundOf(terminal: Terminal): Foreground | undefined {
  const now = sessionNow(terminal);
  if (!now) return undefined;
  const leader = terminal.leader && readStat(terminal.leader.pid);
  if (!leader || leader.startTicks !== terminal.leader.startTicks || now.session !== leader.pid)
    return { terminal, group: 0, members: [] };
  const group = now.foregroundGroup;
  const members = [leader, ...descendantsOf(leader.pid)].filter(
    (it) => it.session === leader.pid && it.processGroup === group,
  );
  return { terminal, group, members };
}

/** The foreground that the user sees: if a program such as `sudo` only relays an inner terminal, what runs on that one. */
export function ownerOf(terminal: Terminal): Foreground | undefined {
  const foreground = foregroundOf(terminal);
  if (!foreground || !terminal.inner || !isRelay(namesOf(foreground))) return foreground;
  return ownerOf(terminal.inner) ?? foreground;
}

/** The names that the processes of a foreground gave themselves. */
export function namesOf({ members }: Foreground): string[] {
  return members.map(({ name }) => name);
}

/** The pids of the processes whose writes reach the screen: the foreground, what it relays, and the server of a tmux or screen client. */
export function paintersOf(terminal: Terminal): number[] {
  const foregrounds = [foregroundOf(terminal), ownerOf(terminal)].filter((it) => it !== undefined);
  const members = foregrounds.flatMap((it) => it.members);
  const client = members.find(({ name }) => isMultiplexerClient(name));
  const servers = client ? serversOn(terminal.path, client.pid) : [];
  return [...new Set([...members.map(({ pid }) => pid), ...servers])];
}

/**
 * Any process can have such a name, and a server has the terminal among its first descriptors or is busy with many. But a look must end.
 */
const MOST_SERVERS = 16;
const MOST_DESCRIPTORS_OF_A_SERVER = 256;
const SERVERS_MS = 200;

/**
 * Servers are not below the session leader. They are found by name among the processes of the client's user, and by the terminal that they
 * hold open. Processes of other users may have such a name too: they are not read.
 */
function serversOn(path: string, client: number): number[] {
  const isOver = beginLook(SERVERS_MS);
  const uid = uidOf(client);
  const servers: number[] = [];
  let looked = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    if (isOver() || looked >= MOST_SERVERS) break;
    const pid = Number(entry);
    if (!/^(tmux: server|tmux|screen|SCREEN)$/.test(readStat(pid)?.name ?? "") || uidOf(pid) !== uid)
      continue;
    looked++;
    if (holds(pid, path, isOver)) servers.push(pid);
  }
  return servers;
}

/** Whether a process has a file open; false if we may not ask. */
function holds(pid: number, path: string, isOver: IsOver): boolean {
  for (const { target } of descriptorsIn(pid, MOST_DESCRIPTORS_OF_A_SERVER, isOver))
    if (target === path) return true;
  return false;
}

/**
 * Bytes that processes have written so far (`wchar`, proc_pid_io(5)), without those of other users that we may not ask; `undefined` if none
 * could be asked.
 */
export function writtenBy(pids: readonly number[]): number | undefined {
  const counts = pids.map(writtenBytesOf).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
