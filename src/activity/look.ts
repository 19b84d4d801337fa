// One look at a login: raw counters as plain data that can be kept in a file. The code that judges the difference of two looks is pure.
import { closeSync, fstatSync, lstatSync } from "node:fs";
import { beginLook, type IsOver } from "../login/budget.ts";
import type { Login } from "../login/login.ts";
import { MasterGone } from "../login/masters.ts";
import { hasEnded, isAlive, type ProcessStat, readStat } from "../login/process.ts";
import { belowAnyOf, innermost, openTerminal, type Terminal, treeOfLogin } from "../login/terminal.ts";
import type { Source } from "../policy/policy.ts";
import { readClocks } from "../system/clock.ts";
import { getAttributes, ICANON, unreadBytes } from "../system/libc.ts";
import { reasonOf } from "../text/reason-of.ts";
import {
  type AskForConnections,
  type Connection,
  ConnectionsLate,
  connectionOf,
  readConnections,
  type Wanted,
} from "./connections.ts";
import type { HeldFiles } from "./held.ts";
import { holdingsOfJob, type JobCounters, jobCounters, type Member } from "./job.ts";
import type { Payload } from "./payload.ts";
import { LATE, readTraffic, type Traffic } from "./traffic.ts";
import { madeUpBytes } from "./transfer.ts";

export interface TerminalLook {
  readonly id: string;
  /** Seconds of the wall clock, in the kernel's 8-second buckets. */
  readonly accessedWallS: number;
  readonly modifiedWallS: number;
  /**
   * Bytes typed and not read: of the terminal, then of each terminal inside it that we may open, outermost first. `undefined`: not asked.
   */
  readonly unreadBytes: readonly number[] | undefined;
  /** The innermost terminal reads whole lines (ICANON): its foreground job does not wait for single keys. True if we may not ask. */
  readonly canonical: boolean;
  /** What is known for certain, because the terminal's stream goes through this process. Times on the boot clock. */
  readonly exact?: Pick<OwnTerminal, "lastKeyMs" | "lastMotionMs" | "lastOutputMs"> | undefined;
  /** The foreground job of the innermost terminal, and that terminal's session leader. Empty unless the policy asks for `busy`. */
  readonly job: JobCounters;
}

/** A terminal whose stream goes through this process (see wrap/): more is known of it than a look can show. */
export interface OwnTerminal {
  /** The leader of its session. */
  readonly leaderPid: number;
  /** Times on the boot clock. */
  readonly lastKeyMs: number;
  /** When the mouse last moved; 0 for never. */
  readonly lastMotionMs: number;
  readonly lastOutputMs: number;
  /** Bytes from the client that the terminal sent by itself: they are no transfer of the user's. */
  readonly chatterBytes: number;
  /** The total time up to now, in ms, in which its client can have made up keystrokes. */
  readonly echoMs: number;
}

/** The bytes of the login's own TCP connection. */
export interface ConnectionCounters {
  /** From the client. */
  readonly receivedBytes: number;
  /** To the client. */
  readonly sentBytes: number;
}

export interface Look {
  /** When all devices had been asked, on the boot clock: no key that they show came later. */
  readonly bootMs: number;
  readonly terminals: readonly TerminalLook[];
  /** What could not be read, in words, keyed by terminal id or `connections`, `connection`, `login`. A fault is no evidence. */
  readonly faults: Readonly<Record<string, string>>;
  /** Commands or subsystems run in the login outside its terminals. */
  readonly commandsRun: boolean;
  /** What these commands have used. */
  readonly detached: JobCounters;
  /** Bytes that sshd has moved. Absent if the policy does not ask for it, the login has no TCP peer, or we may not ask sshd. */
  readonly traffic?: Traffic | undefined;
  /** The bytes on the wire, if it is not known what sshd has moved, as for a user's own watchdog. */
  readonly connection?: ConnectionCounters | undefined;
  /** The latest read of the terminals that are not looked at, in the form of `accessedWallS`. Absent if there are none. */
  readonly othersAccessedWallS?: number | undefined;
  /** Bytes from the client that can be keys. Absent if not known or not asked for. */
  readonly payload?: Payload | undefined;
}

/** The time for asking the sockets of a login's sshd, in ms. It has thousands only if its client forwards as many connections. */
const SSHD_MS = 1_000;

export interface LookOptions {
  /** The sources that the look must read. */
  readonly sources: readonly Source[];
  /** Everything below the login's sshd, as `treeOfLogin` finds it. */
  readonly tree?: readonly ProcessStat[] | undefined;
  /** The look is not remembered. So a job that is not judged for work, because its terminal waits for single keys, is not read. */
  readonly isForNow?: boolean | undefined;
  /** Whether to ask for the payload. */
  readonly payload?: boolean | undefined;
  /** How to get TCP connections: see `askingTogether`. */
  readonly connectionsOf?: AskForConnections | undefined;
  /** The terminal whose stream goes through this process. If given, no other terminal is looked at. */
  readonly own?: OwnTerminal | undefined;
  /** The other terminals of the login, if `own` is given. */
  readonly others?: readonly Terminal[] | undefined;
  /**
   * Asks only what no user can hold up: sshd, and the times that the kernel has noted for the terminals. A user can serve a file system
   * that never answers. A process that reads into memory of such a file system blocks for ever everybody who asks it or its terminal.
   */
  readonly isFromAfar?: boolean | undefined;
  /** Tells when the look must end. What has not been read by then is no evidence. */
  readonly isOver?: IsOver | undefined;
}

/** The parts of a login that a look needs. */
export type Lookable = Pick<Login, "server" | "client"> & Partial<Pick<Login, "privileged">>;

/**
 * Takes one look. What vanishes meanwhile is left out. What cannot be read is a fault, and the rest is still read. Files and sockets are
 * read only for `busy`. Throws if the host lets nobody open a terminal, or the kernel does not tell of
 * connections that are needed.
 */
export async function takeLook(
  login: Lookable,
  terminals: readonly Terminal[],
  {
    sources,
    tree = treeOfLogin(login),
    isForNow = false,
    payload: isPayloadAsked = false,
    connectionsOf = (wanted) => readConnections([wanted]),
    own,
    others = [],
    isFromAfar = false,
    isOver = beginLook(),
  }: LookOptions,
): Promise<Look> {
  const faults: Record<string, string> = isFromAfar ? { login: HUNG } : {};
  const isBusyAsked = sources.includes("busy") && !isFromAfar;
  const isTransferAsked = sources.includes("transfer");
  // This is read before the devices, so that bytes counted here show in the devices' times. For keys it is read again after the devices:
  // each key must count exactly once. sshd has its own time limit: a user decides how much else there is to read, and must not be able to
  // use up the time for sshd.
  const trafficNow = (isAsked: boolean) =>
    isAsked ? readTraffic({ privileged: undefined, ...login }, beginLook(SSHD_MS)) : undefined;
  const trafficBefore = trafficNow(isTransferAsked || isPayloadAsked);
  const ask = isFromAfar ? glance : touch;
  const faces = terminals.flatMap((terminal) => faceOf(terminal, ask, faults) ?? []);
  const { bootMs } = readClocks();
  const trafficAfter = trafficNow(isPayloadAsked);
  const isTrafficLate = trafficBefore === LATE || trafficAfter === LATE;
  const traffic = trafficBefore === LATE ? undefined : trafficBefore;
  if (isTrafficLate) faults.connection = "its sshd has more connections than could be read in time";
  const jobs = faces.map(({ terminal, face }) =>
    isBusyAsked && !(isForNow && isAtPrompt(terminal, face)) ? jobOf(terminal, face.canonical) : [],
  );
  const { commandsRun, processes } = detachedFrom(login, terminals, tree);
  const detached = processes.map((stat): Member => ({ stat, place: "line" }));

  const held = isBusyAsked
    ? holdingsOfJob([...jobs.flat(), ...detached], isOver)
    : new Map<number, HeldFiles>();
  const inodes = [...held.values()].flatMap(({ sockets }) => sockets);
  const peer = isTransferAsked && !traffic && !isTrafficLate ? login.client : undefined;
  const connections =
    inodes.length > 0 || peer
      ? await connectionsInTime(connectionsOf, { inodes, client: peer }, faults)
      : undefined;

  const byInode = new Map((connections ?? []).map((it) => [it.inode, it]));
  const connection = peer && connections && (connectionOf(peer, connections) ?? lostConnection(login));
  return {
    bootMs,
    terminals: faces.map(({ face }, index) => ({
      ...face,
      ...(own && {
        exact: {
          lastKeyMs: own.lastKeyMs,
          lastMotionMs: own.lastMotionMs,
          lastOutputMs: own.lastOutputMs,
        },
      }),
      job: jobCounters(jobs[index] ?? [], held, byInode, isOver),
    })),
    faults,
    commandsRun,
    detached: jobCounters(detached, held, byInode, isOver),
    traffic: isTransferAsked ? traffic : undefined,
    ...(connection && { connection: countersOf(connection, own) }),
    ...(others.length > 0 && { othersAccessedWallS: lastReadOf(others) }),
    payload: payloadOf(trafficBefore, trafficAfter),
  };
}

/** What the client has sent between two readings. A reading that is late confirms no key. */
function payloadOf(before: ReturnType<typeof readTraffic>, after: typeof before): Payload | undefined {
  if (before === LATE || (before && after === LATE)) return { least: 0, most: 0 };
  return before && after && after !== LATE ? { least: before.inBytes, most: after.mostInBytes } : undefined;
}

/**
 * The connections that are wanted. Users can open so many that to read them takes too long. Then nothing is known of them, and `faults`
 * says so. Throws if the kernel does not tell.
 */
async function connectionsInTime(
  ask: AskForConnections,
  wanted: Wanted,
  faults: Record<string, string>,
): Promise<readonly Connection[] | undefined> {
  try {
    return await ask(wanted);
  } catch (error) {
    if (!(error instanceof ConnectionsLate)) throw error;
    faults.connections = reasonOf(error);
    return undefined;
  }
}

/** The fault of a look from afar, with the id `login`. */
export const HUNG =
  "a look at its terminals and processes hung: the login is judged without its work and its unread keys";

/** Errors that no user can cause: we have no right to ask, or no means. Then nothing can be said of any terminal. */
const HOST_FAULTS = new Set(["EPERM", "EACCES", "ENOENT", "ENOSYS", "EMFILE", "ENFILE", "ENOMEM"]);

type Face = Omit<TerminalLook, "job">;

/** What the devices show, from the terminal inwards. `undefined` if the terminal is gone, or cannot be asked: then `faults` says why. */
function faceOf(
  terminal: Terminal,
  ask: typeof touch | typeof glance,
  faults: Record<string, string>,
): { terminal: Terminal; face: Face } | undefined {
  try {
    const outer = ask(terminal);
    const inner = insideOf(terminal).map((it) => {
      try {
        return ask(it);
      } catch {
        // It is another user's (sudo), in another mount namespace, or just closed.
        return undefined;
      }
    });
    const all = [outer, ...inner];
    const face = {
      id: terminal.id,
      accessedWallS: outer.accessedWallS,
      modifiedWallS: outer.modifiedWallS,
      unreadBytes: outer.unread === undefined ? undefined : all.flatMap((it) => it?.unread ?? []),
      // Not known counts as line mode: then work is looked for, and a mistake about work ends nobody.
      canonical: all.at(-1)?.canonical ?? true,
    };
    return { terminal, face };
  } catch (error) {
    if (error instanceof MasterGone || !isStillThere(terminal)) return undefined;
    // A user's own watchdog only advises: if it cannot see a terminal, it must end nobody.
    if (!terminal.master || HOST_FAULTS.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    faults[terminal.id] = reasonOf(error);
    return undefined;
  }
}

/** Whether a terminal that could not be opened still exists. A terminal known by its leader does not, once that leader has another one. */
function isStillThere({ master, leader, deviceNumber }: Terminal): boolean {
  if (master) return isAlive(master.holder);
  const stat = leader && readStat(leader.pid);
  return leader !== undefined && stat !== undefined && isAlive(leader) && stat.ttyNr >>> 0 === deviceNumber;
}

function insideOf(terminal: Terminal): Terminal[] {
  return terminal.inner ? [terminal.inner, ...insideOf(terminal.inner)] : [];
}

/** Asks one device. To open, ask and close it changes neither of its times. */
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

/** The times of one device, without opening it. */
function glance({ path, deviceNumber, master }: Terminal): Omit<
  ReturnType<typeof touch>,
  "unread" | "canonical"
> & {
  unread: undefined;
  canonical: undefined;
} {
  const { rdev, atimeMs, mtimeMs } = lstatSync(master ? `/proc/${master.holder.pid}/root${path}` : path);
  if (rdev !== deviceNumber) throw new Error(`${path} is not the terminal of this login`);
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return {
    accessedWallS: seconds(atimeMs),
    modifiedWallS: seconds(mtimeMs),
    unread: undefined,
    canonical: undefined,
  };
}

/**
 * The foreground job of the innermost terminal; its session leader, which waits for the short commands of a loop; and the programs outside,
 * for each terminal around it.
 */
function jobOf(terminal: Terminal, canonical: boolean): Member[] {
  const { leader, foregroundJob } = innermost(terminal);
  const members = foregroundJob.map((stat): Member => ({ stat, place: canonical ? "line" : "raw" }));
  const outer = outsideOf(terminal);
  if (!leader || foregroundJob.some(({ pid }) => pid === leader.pid)) return [...members, ...outer];
  const stat = readStat(leader.pid);
  if (stat?.startTicks !== leader.startTicks) return [...members, ...outer];
  return [{ stat, place: canonical ? "shell" : "idle" }, ...members, ...outer];
}

/** The programs of the foreground jobs that opened a terminal inside their own, and their children that run outside of it. */
function outsideOf({ inner, foregroundJob }: Terminal): Member[] {
  if (!inner) return [];
  const leaders = foregroundJob.filter(({ pid }) => pid === inner.leader?.pid);
  const inside = new Set([...leaders, ...belowAnyOf(leaders, foregroundJob)]);
  const outside = foregroundJob.filter((it) => !inside.has(it));
  return [...outside.map((stat): Member => ({ stat, place: "outer" })), ...outsideOf(inner)];
}

/** The names that shells have. */
const SHELL = /^(?:ba|da|fi|z|k|mk|tc|c)?sh$/;

/** Whether only a shell is there that waits for keys. It chose its name itself: with a false name it is only judged a moment later. */
function isAtPrompt(terminal: Terminal, { canonical }: Face): boolean {
  const { foregroundIsLeader, foregroundJob, inner } = terminal;
  return (
    !canonical &&
    !inner &&
    foregroundIsLeader &&
    foregroundJob.length === 1 &&
    SHELL.test(foregroundJob[0]?.name ?? "")
  );
}

/**
 * The processes below the login's sshd but not below a session leader of its terminals. If a leader gave up its terminal, sshd still has a
 * child for that terminal. This child is no command, whatever it did to its terminal: only children beyond those count.
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

/** The counters without what no user sent: the terminal's own bytes, and those that its client made up. */
function countersOf(
  { receivedBytes, sentBytes }: Connection,
  own: OwnTerminal | undefined,
): ConnectionCounters {
  const byItself = own ? own.chatterBytes + madeUpBytes(own.echoMs) : 0;
  return { receivedBytes: receivedBytes - byItself, sentBytes };
}

/** The latest access time of some terminals, in seconds. Those that are gone or that we may not ask are left out. */
function lastReadOf(terminals: readonly Terminal[]): number | undefined {
  const times = terminals.flatMap((terminal) => {
    try {
      return touch(terminal).accessedWallS;
    } catch {
      return [];
    }
  });
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Called if the kernel shows no such connection. Throws unless the login has ended meanwhile: it is then in another network than we are. */
function lostConnection(login: Pick<Login, "server">): undefined {
  if (isAlive(login.server))
    throw new Error(
      "the kernel does not show the login's own connection: is it in another network namespace?",
    );
}
