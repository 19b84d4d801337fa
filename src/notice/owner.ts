// Who draws on a terminal now: read afresh each time, since a program can end between a look and a notice.
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
  /** The processes of that group, those below the session leader that is. */
  readonly members: readonly ProcessStat[];
}

/** The foreground of a terminal, without members where its session is none of the login's; `undefined` when the terminal is gone. */
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
  const client = members.find(({ name }) => isMultiplexerClient(name));
  const servers = client ? serversOn(terminal.path, client.pid) : [];
  return [...new Set([...members.map(({ pid }) => pid), ...servers])];
}

/** A name costs nothing, and a server has the terminal among its first descriptors or is busy with many: a look must end. */
const MOST_SERVERS = 16;
const MOST_DESCRIPTORS_OF_A_SERVER = 256;
const SERVERS_MS = 200;

/**
 * Servers are nobody's children here: they are found by name among the client's user's own processes, and by the terminal that they
 * hold open. Others may call themselves so too, and are not looked into.
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

/** Whether a process has a file open; false where we may not ask. */
function holds(pid: number, path: string, isOver: IsOver): boolean {
  for (const { target } of descriptorsIn(pid, MOST_DESCRIPTORS_OF_A_SERVER, isOver))
    if (target === path) return true;
  return false;
}

/**
 * Bytes that processes have written so far (`wchar`, proc_pid_io(5)), those of other users left out where we may not ask;
 * `undefined` when none could be asked.
 */
export function writtenBy(pids: readonly number[]): number | undefined {
  const counts = pids.map(writtenBytesOf).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
