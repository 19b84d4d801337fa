// One look at a login: raw counters, as plain data that can be kept in a file. Judging the difference of two looks is pure.
import { closeSync, fstatSync } from "node:fs";
import { readClocks } from "../clock.ts";
import { getAttributes, unreadBytes } from "../libc.ts";
import type { Client } from "../login/client.ts";
import type { Login } from "../login/login.ts";
import {
  childrenOf,
  descendantsOf,
  hasEnded,
  isAlive,
  type ProcessStat,
  readStat,
} from "../login/process.ts";
import { innermost, openTerminal, type Terminal } from "../login/terminal.ts";
import type { Source } from "../policy/policy.ts";
import { type Connection, connectionOf, readConnections } from "./connections.ts";
import { type Held, holdingsOf, type JobCounters, jobCounters } from "./job.ts";

export type { JobCounters, WorkCounters } from "./job.ts";

export interface TerminalLook {
  readonly id: string;
  /** Seconds of the wall clock, in the kernel's 8-second buckets. */
  readonly accessedWallS: number;
  readonly modifiedWallS: number;
  /** Bytes typed and not read, of the terminal and of each one inside it that we may open, outermost first. */
  readonly unreadBytes: readonly number[];
  /** The innermost terminal reads whole lines (ICANON): its foreground job does not wait for single keys. True where we may not ask. */
  readonly canonical: boolean;
  /** The foreground job of the innermost terminal, and that terminal's session leader. Empty unless `busy` is asked for. */
  readonly job: JobCounters;
}

/** The bytes of the login's own TCP connection. */
export interface ConnectionCounters {
  /** From the client. */
  readonly receivedBytes: number;
  /** To the client. */
  readonly sentBytes: number;
}

export interface Look {
  /** When the devices had been asked, on the boot clock: no key that they tell of came later. */
  readonly bootMs: number;
  readonly terminals: readonly TerminalLook[];
  /** What runs in the login outside its terminals (commands, subsystems). */
  readonly detached: JobCounters;
  /** Absent where the login has no TCP peer, or the policy does not ask for it. */
  readonly connection?: ConnectionCounters;
}

/** c_lflag of termios(3); the same on x86-64 and arm64. */
const ICANON = 0o2;

export interface LookOptions {
  /** What is asked for. */
  readonly sources: readonly Source[];
  /** How to ask for TCP connections; one look at many logins asks once for all. */
  readonly connectionsOf?: (client?: Client) => Promise<Connection[]>;
}

/**
 * Looks once. What goes away meanwhile is left out. Throws when a source that is asked for cannot be read: no `ss`, a terminal
 * that may not be opened. Files and sockets are looked into only for `busy`.
 */
export async function takeLook(
  login: Pick<Login, "server" | "client">,
  terminals: readonly Terminal[],
  { sources, connectionsOf = readConnections }: LookOptions,
): Promise<Look> {
  const isBusyAsked = sources.includes("busy");
  const faces = terminals.flatMap((terminal) => faceOf(terminal) ?? []);
  const { bootMs } = readClocks();
  const jobs = isBusyAsked ? faces.map(({ terminal }) => jobOf(terminal)) : [];
  const detached = detachedFrom(login, terminals);

  const held = isBusyAsked ? holdingsOf([...jobs.flat(), ...detached]) : new Map<number, Held>();
  const holdsSockets = [...held.values()].some(({ sockets }) => sockets.length > 0);
  const peer = sources.includes("transfer") ? login.client : undefined;
  const connections = holdsSockets || peer ? await connectionsOf(holdsSockets ? undefined : peer) : [];

  const byInode = new Map(connections.map((connection) => [connection.inode, connection]));
  const connection = peer && (connectionOf(peer, connections) ?? lostConnection(login));
  return {
    bootMs,
    terminals: faces.map(({ terminal, face }, index) => ({
      ...face,
      job: jobCounters(jobs[index] ?? [], held, byInode, idleLeaderOf(terminal)),
    })),
    detached: jobCounters(detached, held, byInode),
    ...(connection && { connection: countersOf(connection) }),
  };
}

type Face = Omit<TerminalLook, "job">;

/** What the devices tell, from the terminal inwards; `undefined` when the terminal is gone. */
function faceOf(terminal: Terminal): { terminal: Terminal; face: Face } | undefined {
  try {
    const outer = touch(terminal);
    const inner = insideOf(terminal).map((it) => {
      try {
        return touch(it);
      } catch {
        // Another user's (sudo), another mount namespace's, or just closed.
        return undefined;
      }
    });
    const all = [outer, ...inner];
    const face = {
      id: terminal.id,
      accessedWallS: outer.accessedWallS,
      modifiedWallS: outer.modifiedWallS,
      unreadBytes: all.flatMap((it) => it?.unread ?? []),
      // Unknown counts as line mode: there work is looked for, and what looks like work ends nobody.
      canonical: all.at(-1)?.canonical ?? true,
    };
    return { terminal, face };
  } catch (error) {
    const leader = readStat(terminal.leader.pid);
    if (!isAlive(terminal.leader) || (leader && leader.ttyNr >>> 0 !== terminal.deviceNumber))
      return undefined;
    throw error;
  }
}

function insideOf(terminal: Terminal): Terminal[] {
  return terminal.inner ? [terminal.inner, ...insideOf(terminal.inner)] : [];
}

/** Asks one device. Opening, asking and closing move neither of its times. */
function touch(terminal: Terminal) {
  const fd = openTerminal(terminal);
  try {
    const { atimeMs, mtimeMs } = fstatSync(fd);
    return {
      accessedWallS: Math.floor(atimeMs / 1000),
      modifiedWallS: Math.floor(mtimeMs / 1000),
      unread: unreadBytes(fd),
      canonical: (getAttributes(fd).local & ICANON) !== 0,
    };
  } finally {
    closeSync(fd);
  }
}

/** The foreground job of the innermost terminal and its session leader, which waits for the short commands of a loop. */
function jobOf(terminal: Terminal): ProcessStat[] {
  const { leader, foregroundJob } = innermost(terminal);
  if (foregroundJob.some(({ pid }) => pid === leader.pid)) return [...foregroundJob];
  const stat = readStat(leader.pid);
  return stat?.startTicks === leader.startTicks ? [stat, ...foregroundJob] : [...foregroundJob];
}

/** The session leader that is in the job only for its CPU. */
function idleLeaderOf(terminal: Terminal): number | undefined {
  const { leader, foregroundJob } = innermost(terminal);
  return foregroundJob.some(({ pid }) => pid === leader.pid) ? undefined : leader.pid;
}

/** What runs below the login's sshd and not below one of its terminals' session leaders. */
function detachedFrom(login: Pick<Login, "server">, terminals: readonly Terminal[]): ProcessStat[] {
  const leaders = new Set(terminals.map(({ leader }) => leader.pid));
  return childrenOf(login.server.pid).flatMap((pid) => {
    const stat = leaders.has(pid) ? undefined : readStat(pid);
    return stat && !hasEnded(stat) ? [stat, ...descendantsOf(pid)] : [];
  });
}

function countersOf({ receivedBytes, sentBytes }: Connection): ConnectionCounters {
  return { receivedBytes, sentBytes };
}

/** No such connection: the login has ended meanwhile, or `ss` sees another network than the login. */
function lostConnection(login: Pick<Login, "server">): undefined {
  if (isAlive(login.server)) throw new Error("ss does not show the login's own connection");
}
