// What an sshd has moved. Every byte can be accounted for, so no rate, cipher, keepalive or rekey has to be guessed.
import { closeSync, readFileSync } from "node:fs";
import { addressOf } from "../login/ask-client.ts";
import type { IsOver } from "../login/budget.ts";
import type { Client } from "../login/client.ts";
import { descriptorsIn } from "../login/descriptors.ts";
import type { Login } from "../login/login.ts";
import { readStat } from "../login/process.ts";
import { readClocks } from "../system/clock.ts";
import {
  closePidfd,
  localOf,
  openPidfd,
  type Pidfd,
  peerOf,
  takeDescriptor,
  tcpCounters,
  unreadBytes,
} from "../system/libc.ts";

/** Counters of a login's connection since it began. Only differences mean something. */
export interface Traffic {
  /** When they were read, on the boot clock. */
  readonly bootMs: number;
  /**
   * The least payload from the client: what sshd wrote to anything but the client and its own monitor. That is keys, data for forwarded
   * connections and input of commands. It is no keepalives, window updates or rekeys: sshd takes or makes those itself.
   */
  readonly inBytes: number;
  /** The most payload from the client: this may include bytes that were on their way while the counters were read. */
  readonly mostInBytes: number;
  /** Payload for the client: what sshd read from anything but the client and its monitor. */
  readonly outBytes: number;
  /** Bytes through each TCP connection that sshd forwards, both ways, by inode. */
  readonly forwarded: Readonly<Record<string, number>>;
  /** The part of these bytes that sshd wrote: this is payload from the client. */
  readonly forwardedIn: Readonly<Record<string, number>>;
  /** How long ago anything came from the client, or moved on forwarded connections, in ms. Payload cannot be newer. */
  readonly sinceClientMs: number;
  readonly sinceForwardedMs: number;
  /** The bytes between sshd and its monitor are not in these counters. They are where that is gone: a user can have it killed. */
  readonly hasMonitor?: boolean | undefined;
}

/**
 * Bytes on their way between two counters blur the difference. Then all counters are read again, at most so often: a stream always blurs
 * it.
 */
const MOST_TRIES = 3;
/** A login can forward as many connections as its sshd has descriptors. */
const MOST_DESCRIPTORS = 65_536;

/** Not every socket of an sshd could be asked in time. With half of the counters the missing half would look like use at the next look. */
export const LATE = "late";

/**
 * Reads the counters of a login. `undefined` if it has no TCP client, or if we may not ask its sshd, as a user's own watchdog. Reads again
 * until two readings agree, or the time or the tries are used up. Then they differ by one packet, which the next reading corrects.
 */
export function readTraffic(
  login: Pick<Login, "server" | "privileged" | "client">,
  isOver: IsOver,
): Traffic | typeof LATE | undefined {
  const { client } = login;
  if (!client) return undefined;
  let known: Traffic | undefined;
  for (let tries = 1; ; tries++) {
    const before = countersOf(login);
    const sockets = before && socketsOf(login, client, isOver);
    if (sockets === LATE) return known ?? LATE;
    const after = countersOf(login);
    if (!before || !after || !sockets) return undefined;
    known = {
      bootMs: readClocks().bootMs,
      inBytes: before.written - sockets.toClientBytes,
      mostInBytes: after.written - sockets.toClientBytes,
      outBytes: after.read - sockets.fromClientBytes,
      ...sockets.others,
      hasMonitor: before.hasMonitor && after.hasMonitor,
    };
    const agree = before.written + before.read === after.written + after.read;
    if (agree || tries === MOST_TRIES || isOver()) return known;
  }
}

interface Moved {
  readonly written: number;
  readonly read: number;
}

/**
 * The bytes that the serving sshd has written and read, without those to and from its monitor: the monitor's own counters tell these
 * (proc_pid_io(5)).
 */
function countersOf({
  server,
  privileged,
}: Pick<Login, "server" | "privileged">): (Moved & { hasMonitor: boolean }) | undefined {
  const own = movedBy(server.pid);
  if (!own || readStat(server.pid)?.startTicks !== server.startTicks) return undefined;
  const monitor = privileged && privileged.pid !== server.pid ? movedBy(privileged.pid) : undefined;
  return {
    written: own.written - (monitor?.read ?? 0),
    read: own.read - (monitor?.written ?? 0),
    hasMonitor: monitor !== undefined,
  };
}

/** All bytes that a process has written and read; `undefined` if it is gone, or we may not ask. */
function movedBy(pid: number): Moved | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/io`, "utf8");
    const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1]);
    const moved = { written: count("wchar"), read: count("rchar") };
    return Number.isFinite(moved.written + moved.read) ? moved : undefined;
  } catch {
    return undefined;
  }
}

interface Sockets {
  readonly toClientBytes: number;
  readonly fromClientBytes: number;
  readonly others: Pick<Traffic, "forwarded" | "forwardedIn" | "sinceClientMs" | "sinceForwardedMs">;
}

/** Asks every socket of an sshd; `undefined` if the client's is not among them, or we may take none; `LATE` if the time is up. */
function socketsOf(
  { server }: Pick<Login, "server">,
  client: Client,
  isOver: IsOver,
): Sockets | typeof LATE | undefined {
  const pidfd = openPidfd(server.pid);
  if (pidfd === undefined) return undefined;
  try {
    const tally = {
      forwarded: {} as Record<string, number>,
      forwardedIn: {} as Record<string, number>,
      sinceMs: Number.POSITIVE_INFINITY,
    };
    let own: TcpSocket | undefined;
    let ownInode: string | undefined;
    for (const { fd, target } of descriptorsIn(server.pid, MOST_DESCRIPTORS)) {
      if (isOver()) return LATE;
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      const seen = inode === undefined ? undefined : askSocket(pidfd, fd, client);
      if (inode === undefined || !seen) continue;
      // An sshd that systemd or inetd started for one connection has its socket twice: for reading and for writing.
      if (inode === ownInode) continue;
      // The first is the login's own: a forwarded connection to the client's own address and port comes after it.
      if (seen.isClient && !own) {
        own = seen;
        ownInode = inode;
      } else {
        tally.forwarded[inode] = seen.receivedBytes + seen.writtenBytes;
        tally.forwardedIn[inode] = seen.writtenBytes;
        tally.sinceMs = Math.min(tally.sinceMs, seen.sinceReceivedMs, seen.sinceSentMs);
      }
    }
    return (
      own && {
        toClientBytes: own.writtenBytes,
        fromClientBytes: own.receivedBytes,
        others: {
          forwarded: tally.forwarded,
          forwardedIn: tally.forwardedIn,
          sinceClientMs: own.sinceReceivedMs,
          sinceForwardedMs: tally.sinceMs,
        },
      }
    );
  } finally {
    closePidfd(pidfd);
  }
}

interface TcpSocket {
  readonly isClient: boolean;
  /** Bytes that sshd has read from it. */
  readonly receivedBytes: number;
  readonly writtenBytes: number;
  readonly sinceReceivedMs: number;
  readonly sinceSentMs: number;
}

/** Asks one socket through a descriptor of our own; `undefined` if it is gone, may not be taken, is no TCP, or only listens. */
function askSocket(pidfd: Pidfd, fd: number, client: Client): TcpSocket | undefined {
  let own: number;
  try {
    own = takeDescriptor(pidfd, fd);
  } catch {
    return undefined;
  }
  try {
    const counters = tcpCounters(own);
    if (!counters || counters.isListening) return undefined;
    return {
      ...counters,
      // sshd has not yet read the bytes that wait in the kernel.
      receivedBytes: counters.receivedBytes - unreadBytes(own),
      isClient: isClients(own, client),
    };
  } catch {
    // Closed between two questions.
    return undefined;
  } finally {
    closeSync(own);
  }
}

/** Whether a socket is the login's own, by both its ends: a user can connect from the same client port to what sshd forwards. */
function isClients(fd: number, { address, port, serverAddress, serverPort }: Client): boolean {
  const [peer, local] = [peerOf(fd), localOf(fd)];
  if (peer?.port !== port || local?.port !== serverPort) return false;
  return addressOf(peer) === address && addressOf(local) === serverAddress;
}
