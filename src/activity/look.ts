// One look at a login: raw counters, as plain data that can be kept in a file. Judging the difference of two looks is pure.
import { closeSync, fstatSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { readClocks } from "../clock.ts";
import { getAttributes, unreadBytes } from "../libc.ts";
import { beginLook, type IsOver } from "../login/budget.ts";
import type { Login } from "../login/login.ts";
import { MasterGone } from "../login/masters.ts";
import { hasEnded, isAlive, type ProcessStat, readStat } from "../login/process.ts";
import { belowAnyOf, innermost, openTerminal, type Terminal, treeOfLogin } from "../login/terminal.ts";
import type { Source } from "../policy/policy.ts";
import { type AskForConnections, type Connection, connectionOf, readConnections } from "./connections.ts";
import { type Held, holdingsOf, type JobCounters, jobCounters } from "./job.ts";
import type { Payload } from "./payload.ts";
import { readTraffic, type Traffic } from "./traffic.ts";

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
  /** What is known of it for certain, from standing in the stream. Times on the boot clock. */
  readonly exact?: Pick<OwnTerminal, "lastKeyMs" | "lastMotionMs" | "lastOutputMs"> | undefined;
  /** The foreground job of the innermost terminal, and that terminal's session leader. Empty unless `busy` is asked for. */
  readonly job: JobCounters;
}

/** A terminal whose stream goes through this process (see wrap/), so that more is known of it than a look can show. */
export interface OwnTerminal {
  /** The leader of its session. */
  readonly leaderPid: number;
  /** Times on the boot clock. */
  readonly lastKeyMs: number;
  /** When the mouse last moved; 0 for never. */
  readonly lastMotionMs: number;
  readonly lastOutputMs: number;
  /** What it sent by itself up the connection: no transfer of the user's. */
  readonly chatterBytes: number;
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
  /** What could not be read, in words, by what it is of: a terminal's id, or `connection`. It is no evidence. */
  readonly faults: Readonly<Record<string, string>>;
  /** Commands or subsystems run in the login outside its terminals. */
  readonly commandsRun: boolean;
  /** What they have used. */
  readonly detached: JobCounters;
  /** Of a CPU, what each process got that wanted one all the time: 1 unless more than there are CPUs did, or no job is judged. */
  readonly fairShare: number;
  /** What sshd has moved; absent where the policy does not ask for it, the login has no TCP peer, or sshd may not be asked. */
  readonly traffic?: Traffic | undefined;
  /** The bytes on the wire, where what sshd has moved cannot be told, as by a user's own watchdog. */
  readonly connection?: ConnectionCounters | undefined;
  /** What the client had sent that can be keys. Absent where it cannot be told, or is not asked for. */
  readonly payload?: Payload | undefined;
}

/** c_lflag of termios(3); the same on x86-64 and arm64. */
const ICANON = 0o2;

export interface LookOptions {
  /** What is asked for. */
  readonly sources: readonly Source[];
  /** Everything below the login's sshd, as `treeOfLogin` finds it. */
  readonly tree?: readonly ProcessStat[] | undefined;
  /** The look is not remembered: of a job that is not judged for work, since its terminal waits for single keys, nothing is asked. */
  readonly isForNow?: boolean | undefined;
  /** Whether to ask for the payload. */
  readonly payload?: boolean | undefined;
  /** How to ask for TCP connections: see `askingTogether`. */
  readonly connectionsOf?: AskForConnections | undefined;
  /** The only terminal that is looked at. */
  readonly own?: OwnTerminal | undefined;
  /** When the look must end: what has not been read by then is no evidence. */
  readonly isOver?: IsOver | undefined;
}

/** A login as far as a look asks for it. */
export type Lookable = Pick<Login, "server" | "client"> & Partial<Pick<Login, "privileged">>;

/**
 * Looks once. What goes away meanwhile is left out, and what cannot be read is a fault: it never keeps the rest from being read. Files
 * and sockets are looked into only for `busy`. Throws only where the host lets nobody open a terminal.
 */
export async function takeLook(
  login: Lookable,
  terminals: readonly Terminal[],
  {
    sources,
    tree = treeOfLogin(login),
    isForNow = false,
    payload: isPayloadAsked = false,
    connectionsOf = (client) => readConnections(client && [client]),
    own,
    isOver = beginLook(),
  }: LookOptions,
): Promise<Look> {
  const faults: Record<string, string> = {};
  const isBusyAsked = sources.includes("busy");
  const isTransferAsked = sources.includes("transfer");
  // Before and after the devices are asked: no key may count twice, or not at all.
  const trafficNow = (isAsked: boolean) =>
    isAsked ? readTraffic({ privileged: undefined, ...login }, isOver) : undefined;
  const trafficBefore = trafficNow(isPayloadAsked);
  const faces = terminals.flatMap((terminal) => faceOf(terminal, faults) ?? []);
  const { bootMs } = readClocks();
  const traffic = trafficNow(isTransferAsked || isPayloadAsked);
  const jobs = faces.map(({ terminal, face }) =>
    isBusyAsked && (face.canonical || !isForNow) ? jobOf(terminal) : [],
  );
  const { commandsRun, processes: detached } = detachedFrom(login, terminals, tree);

  const held = isBusyAsked ? holdingsOf([...jobs.flat(), ...detached]) : new Map<number, Held>();
  const holdsSockets = [...held.values()].some(({ sockets }) => sockets.length > 0);
  const peer = isTransferAsked && !traffic ? login.client : undefined;
  const connections =
    holdsSockets || peer
      ? await connectionsSafely(connectionsOf, holdsSockets ? undefined : peer, faults)
      : [];

  const byInode = new Map((holdsSockets ? connections : []).map((it) => [it.inode ?? "", it]));
  const connection = peer && connectionOf(peer, connections);
  if (peer && !connection && isAlive(login.server))
    faults[CONNECTION] ??= "ss does not show the login's own connection";
  return {
    bootMs,
    terminals: faces.map(({ terminal, face }, index) => ({
      ...face,
      ...(own && {
        exact: {
          lastKeyMs: own.lastKeyMs,
          lastMotionMs: own.lastMotionMs,
          lastOutputMs: own.lastOutputMs,
        },
      }),
      job: jobCounters(jobs[index] ?? [], held, byInode, idleLeaderOf(terminal)),
    })),
    faults,
    commandsRun,
    detached: jobCounters(detached, held, byInode),
    fairShare: held.size > 0 ? fairShareNow() : 1,
    traffic: isTransferAsked ? traffic : undefined,
    ...(connection && { connection: countersOf(connection, own?.chatterBytes) }),
    payload: trafficBefore && traffic && { least: trafficBefore.inBytes, most: traffic.inBytes },
  };
}

/** What a fault of the connection, or of what tells of connections, is kept under. */
const CONNECTION = "connection";

async function connectionsSafely(
  ask: AskForConnections,
  client: Login["client"],
  faults: Record<string, string>,
): Promise<Connection[]> {
  try {
    return await ask(client);
  } catch (error) {
    faults[CONNECTION] = reasonOf(error);
    return [];
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** By the load of the last minute (proc_loadavg(5)): those that run, and those that wait for a CPU. */
function fairShareNow(): number {
  const [lastMinute = 0] = loadavg();
  return Math.min(1, availableParallelism() / lastMinute);
}

/** What no user can cause: no right to ask, or no means. Nothing can be said of any terminal then. */
const HOST_FAULTS = new Set(["EPERM", "EACCES", "ENOSYS", "EMFILE", "ENFILE", "ENOMEM"]);

type Face = Omit<TerminalLook, "job">;

/** What the devices tell, from the terminal inwards; `undefined` when the terminal is gone, or cannot be asked: then `faults` says why. */
function faceOf(
  terminal: Terminal,
  faults: Record<string, string>,
): { terminal: Terminal; face: Face } | undefined {
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
    if (error instanceof MasterGone || !isStillThere(terminal)) return undefined;
    if (HOST_FAULTS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    faults[terminal.id] = reasonOf(error);
    return undefined;
  }
}

/** Whether a terminal that could not be opened is there all the same. One that goes by its leader is not, when that has another. */
function isStillThere({ master, leader, deviceNumber }: Terminal): boolean {
  if (master) return isAlive(master.holder);
  const stat = leader && readStat(leader.pid);
  return leader !== undefined && stat !== undefined && isAlive(leader) && stat.ttyNr >>> 0 === deviceNumber;
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
  if (!leader || foregroundJob.some(({ pid }) => pid === leader.pid)) return [...foregroundJob];
  const stat = readStat(leader.pid);
  return stat?.startTicks === leader.startTicks ? [stat, ...foregroundJob] : [...foregroundJob];
}

/** The session leader that is in the job only for its CPU. */
function idleLeaderOf(terminal: Terminal): number | undefined {
  const { leader, foregroundJob } = innermost(terminal);
  return foregroundJob.some(({ pid }) => pid === leader?.pid) ? undefined : leader?.pid;
}

/**
 * What runs below the login's sshd and not below one of its terminals' session leaders. A terminal that its leader gave up still has a
 * child of sshd of its own, which is no command, whatever it did to its terminal: only children beyond those are.
 */
function detachedFrom(
  { server }: Pick<Login, "server">,
  terminals: readonly Terminal[],
  tree: readonly ProcessStat[],
): { commandsRun: boolean; processes: ProcessStat[] } {
  const leaders = new Set(terminals.map(({ leader }) => leader?.pid));
  const living = tree.filter((it) => !hasEnded(it));
  const children = living.filter(({ parent }) => parent === server.pid);
  const tops = children.filter(({ pid }) => !leaders.has(pid));
  const givenUp = terminals.filter(({ leader }) => !children.some(({ pid }) => pid === leader?.pid)).length;
  if (tops.length <= givenUp) return { commandsRun: false, processes: [] };
  return { commandsRun: true, processes: [...tops, ...belowAnyOf(tops, living)] };
}

function countersOf({ receivedBytes, sentBytes }: Connection, chatterBytes = 0): ConnectionCounters {
  return { receivedBytes: receivedBytes - chatterBytes, sentBytes };
}
