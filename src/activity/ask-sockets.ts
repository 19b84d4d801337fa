// Asks the kernel for TCP sockets over netlink(7): first for a list of all, then for the bytes of those that are wanted. The list waits for
// no socket: a user can hold a socket of theirs in a call that never ends, and must not hold up a look at others by that.
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AF_INET, AF_INET6, SystemCallError } from "../system/libc.ts";
import {
  AF_NETLINK,
  connectSocket,
  openSocket,
  receive,
  SOCK_RAW,
  sendAside,
  sendNow,
} from "../system/socket.ts";
import { ConnectionsLate } from "./connections.ts";
import {
  bytesIn,
  bytesRequest,
  errorIn,
  type ListedSocket,
  listRequest,
  type Message,
  messagesIn,
  NLMSG_DONE,
  NLMSG_ERROR,
  SOCK_DIAG_BY_FAMILY,
  type SocketBytes,
  socketIn,
} from "./sock-diag.ts";

/** What may be spent on one question. */
export interface Budget {
  readonly ms: number;
  /** Bytes of the list. */
  readonly bytes: number;
}

/** A hundred thousand connections are 12 MB, and take a third of a second. */
const BUDGET: Budget = { ms: 3_000, bytes: 64 << 20 };
/** After so long the event loop gets a turn: a wrap has a terminal to serve. */
const TURN_MS = 10;
/** The kernel gives a list in pieces of at most 32 KB. */
const PIECE_BYTES = 64 << 10;
/** So many answers fit into what a socket holds by default. */
const MOST_AT_ONCE = 32;

// linux/netlink.h
const NETLINK_SOCK_DIAG = 4;
/** `struct sockaddr_nl` of the kernel: its family, and nothing else. */
const KERNEL = Uint8Array.of(AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** The sockets that `isWanted`, with their bytes; of those that end meanwhile none. Throws `ConnectionsLate`, or the kernel's error. */
export async function socketsWithBytes(
  isWanted: (socket: ListedSocket) => boolean,
  {
    ports,
    budget = BUDGET,
  }: { readonly ports?: Parameters<typeof listRequest>[2]; readonly budget?: Budget } = {},
): Promise<(ListedSocket & SocketBytes)[]> {
  // A thread that hangs in a call costs one of few: no second one follows it.
  if (isHung) throw new ConnectionsLate();
  const fd = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  try {
    // The kernel then takes no message for us from anybody but itself.
    connectSocket(fd, KERNEL);
    const leftMs = timer(budget.ms);
    const wanted: ListedSocket[] = [];
    let left = budget.bytes;
    for (const family of [AF_INET, AF_INET6]) {
      sendNow(fd, listRequest(family, family, ports));
      for await (const message of answersTo(fd, family, leftMs)) {
        left -= message.body.length;
        if (left < 0) throw new ConnectionsLate();
        const socket = socketIn(message);
        if (isWanted(socket)) wanted.push(socket);
      }
    }
    return await bytesOf(fd, wanted, leftMs);
  } finally {
    closeSync(fd);
  }
}

/** The time that is left, in ms. */
type LeftMs = () => number;

function timer(ms: number): LeftMs {
  const beganMs = performance.now();
  return () => beganMs + ms - performance.now();
}

/** The messages of a list, up to its end. */
async function* answersTo(fd: number, sequence: number, leftMs: LeftMs): AsyncGenerator<Message> {
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let turnMs = performance.now();
  for (;;) {
    if (leftMs() < 0) throw new ConnectionsLate();
    const bytes = receive(fd, piece);
    if (!bytes || performance.now() - turnMs > TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      turnMs = performance.now();
    }
    for (const message of bytes ? messagesIn(bytes) : []) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        mustBeFine(message);
        return;
      }
      if (message.type === SOCK_DIAG_BY_FAMILY) yield message;
    }
  }
}

function mustBeFine(message: Message): void {
  const number = errorIn(message);
  if (number !== 0) throw new SystemCallError("the kernel does not tell of connections (sock_diag)", number);
}

/** Asks for the bytes of each socket. */
async function bytesOf(
  fd: number,
  sockets: readonly ListedSocket[],
  leftMs: LeftMs,
): Promise<(ListedSocket & SocketBytes)[]> {
  const found: (ListedSocket & SocketBytes)[] = [];
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = 0; at < sockets.length; at += MOST_AT_ONCE) {
    if (leftMs() < 0) throw new ConnectionsLate();
    const some = sockets.slice(at, at + MOST_AT_ONCE);
    await sendInTime(fd, Buffer.concat(some.map((socket, index) => bytesRequest(socket, index))), leftMs);
    for (let bytes = receive(fd, piece); bytes; bytes = receive(fd, piece))
      for (const message of messagesIn(bytes)) {
        // An error says that the socket is gone.
        const socket = message.type === SOCK_DIAG_BY_FAMILY ? some[message.sequence] : undefined;
        const moved = socket && bytesIn(message);
        if (moved) found.push({ ...socket, ...moved });
      }
  }
  return found;
}

let isHung = false;

/** The kernel answers within the call. It can hang there: see `bytesRequest`. */
async function sendInTime(fd: number, requests: Uint8Array, leftMs: LeftMs): Promise<void> {
  isHung = true;
  const sent = sendAside(fd, requests).finally(() => {
    isHung = false;
  });
  const patience = new AbortController();
  const late = sleep(Math.max(0, leftMs()), undefined, { signal: patience.signal }).then(() => {
    throw new ConnectionsLate();
  });
  try {
    if (!(await Promise.race([sent, late]))) throw new Error("the kernel took only some of the questions");
  } finally {
    // Nobody waits any more for the one that was not first.
    for (const it of [sent, late]) it.catch(() => undefined);
    patience.abort();
  }
}
