// One look at a login: raw counters, as plain data that can be kept in a file. Judging the difference of two looks is pure.
import { closeSync, fstatSync } from "node:fs";
import { type ClockReading, readClocks } from "../clock.ts";
import { getAttributes, unreadBytes } from "../libc.ts";
import type { Login } from "../login/login.ts";
import { hasEnded, isAlive, type ProcessStat, readStat } from "../login/process.ts";
import { belowAnyOf, innermost, openTerminal, type Terminal, treeOfLogin } from "../login/terminal.ts";
import type { Source } from "../policy/policy.ts";
import { type AskForConnections, type Connection, connectionOf, readConnections } from "./connections.ts";
import type { Held } from "./held.ts";
import { holdingsOfJob, type JobCounters, jobCounters, type Member } from "./job.ts";
import { type Payload, readPayload } from "./payload.ts";

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
  /** What runs in the login outside its terminals (commands, subsystems). */
  readonly detached: JobCounters;
  /** Absent where the login has no TCP peer, or the policy does not ask for it. */
  readonly connection?: ConnectionCounters;
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
  /** How to read the clocks: see `sharedClocks`. */
  readonly clocks?: (() => ClockReading) | undefined;
  /** The only terminal that is looked at. */
  readonly own?: OwnTerminal | undefined;
}

/**
 * Looks once. What goes away meanwhile is left out. Throws when a source that is asked for cannot be read: no `ss`, a terminal
 * that may not be opened. Files and sockets are looked into only for `busy`.
 */
export async function takeLook(
  login: Pick<Login, "server" | "client">,
  terminals: readonly Terminal[],
  {
    sources,
    tree = treeOfLogin(login),
    isForNow = false,
    payload: isPayloadAsked = false,
    connectionsOf = (client) => readConnections(client && [client]),
    clocks = readClocks,
    own,
  }: LookOptions,
): Promise<Look> {
  const isBusyAsked = sources.includes("busy");
  // Before and after the devices are asked: no key may count twice, or not at all.
  const payloadNow = () => (isPayloadAsked ? payloadOf(login, connectionsOf) : undefined);
  const payloadBefore = await payloadNow();
  const faces = terminals.flatMap((terminal) => faceOf(terminal) ?? []);
  const { bootMs } = clocks();
  const payloadAfter = payloadBefore && (await payloadNow());
  const jobs = faces.map(({ terminal, face }) =>
    isBusyAsked && !(isForNow && isAtPrompt(terminal, face)) ? jobOf(terminal, face.canonical) : [],
  );
  const detached = detachedFrom(login, terminals, tree).map((stat): Member => ({ stat, place: "line" }));

  const held = isBusyAsked ? holdingsOfJob([...jobs.flat(), ...detached]) : new Map<number, Held>();
  const holdsSockets = [...held.values()].some(({ sockets }) => sockets.length > 0);
  const peer = sources.includes("transfer") ? login.client : undefined;
  const connections = holdsSockets || peer ? await connectionsOf(holdsSockets ? undefined : peer) : [];

  const byInode = new Map((holdsSockets ? connections : []).map((it) => [it.inode ?? "", it]));
  const connection = peer && (connectionOf(peer, connections) ?? lostConnection(login));
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
      job: jobCounters(jobs[index] ?? [], held, byInode),
    })),
    detached: jobCounters(detached, held, byInode),
    ...(connection && { connection: countersOf(connection, own?.chatterBytes) }),
    payload: payloadAfter && { least: payloadBefore.least, most: payloadAfter.most },
  };
}

/** The payload of a login; `undefined` for one without a TCP connection. */
async function payloadOf(
  { server, client }: Pick<Login, "server" | "client">,
  connectionsOf: AskForConnections,
): Promise<Payload | undefined> {
  return client && readPayload(server, async () => connectionOf(client, await connectionsOf(client)));
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

/**
 * The foreground job of the innermost terminal and its session leader, which waits for the short commands of a loop; and of each
 * terminal around it the programs that are outside.
 */
function jobOf(terminal: Terminal, canonical: boolean): Member[] {
  const { leader, foregroundJob } = innermost(terminal);
  const members = foregroundJob.map((stat): Member => ({ stat, place: canonical ? "line" : "raw" }));
  const outer = outsideOf(terminal);
  if (foregroundJob.some(({ pid }) => pid === leader.pid)) return [...members, ...outer];
  const stat = readStat(leader.pid);
  if (stat?.startTicks !== leader.startTicks) return [...members, ...outer];
  return [{ stat, place: canonical ? "shell" : "idle" }, ...members, ...outer];
}

/** The programs of the foreground jobs that opened a terminal inside theirs, and what they run outside of it. */
function outsideOf({ inner, foregroundJob }: Terminal): Member[] {
  if (!inner) return [];
  const leaders = foregroundJob.filter(({ pid }) => pid === inner.leader.pid);
  const inside = new Set([...leaders, ...belowAnyOf(leaders, foregroundJob)]);
  const outside = foregroundJob.filter((it) => !inside.has(it));
  return [...outside.map((stat): Member => ({ stat, place: "outer" })), ...outsideOf(inner)];
}

/** What shells call themselves. */
const SHELL = /^(?:ba|da|fi|z|k|mk|tc|c)?sh$/;

/** Whether only a shell is there that waits for keys. Its name is its own word: with a false one it is judged a moment later. */
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

/** What runs below the login's sshd and not below one of its terminals' session leaders. */
function detachedFrom(
  { server }: Pick<Login, "server">,
  terminals: readonly Terminal[],
  tree: readonly ProcessStat[],
): ProcessStat[] {
  const leaders = new Set(terminals.map(({ leader }) => leader.pid));
  const living = tree.filter((it) => !hasEnded(it));
  const tops = living.filter(({ pid, parent }) => parent === server.pid && !leaders.has(pid));
  return [...tops, ...belowAnyOf(tops, living)];
}

function countersOf({ receivedBytes, sentBytes }: Connection, chatterBytes = 0): ConnectionCounters {
  return { receivedBytes: receivedBytes - chatterBytes, sentBytes };
}

/** No such connection: the login has ended meanwhile, or `ss` sees another network than the login. */
function lostConnection(login: Pick<Login, "server">): undefined {
  if (isAlive(login.server)) throw new Error("ss does not show the login's own connection");
}
