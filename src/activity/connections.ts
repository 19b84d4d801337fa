// TCP connections and the bytes that went through them, as the kernel tells any user (sock_diag(7)): /proc has no such counters.
import { addressOf } from "../login/ask-client.ts";
import type { Client } from "../login/client.ts";

export interface Connection {
  /** The inode of the socket. */
  readonly inode: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly receivedBytes: number;
  /** Bytes that the peer has acknowledged. Bytes that are only sent again and again do not count. */
  readonly sentBytes: number;
}

/** The connections that a look asks for: those of some sockets, and that of a client. */
export interface Wanted {
  readonly inodes: readonly string[];
  readonly client?: Client | undefined;
}

/** More connections than could be read in time, or one of those that are wanted is held in a call that does not end. */
export class ConnectionsLate extends Error {
  constructor() {
    super("there are more connections than could be read in time");
  }
}

/** Answers at least with the connections that are asked for. */
export type AskForConnections = (wanted: Wanted) => Promise<readonly Connection[]>;

/**
 * The TCP connections of this network namespace that somebody asks for. Any user may ask. Throws `ConnectionsLate` if there are too many,
 * and another error if the kernel does not tell: work that cannot be seen must not count as no work.
 */
export async function readConnections(wanted: readonly Wanted[]): Promise<Connection[]> {
  // Only a look at sockets of programs needs this: most do not.
  const { socketsWithBytes } = await import("./ask-sockets.ts");
  const inodes = new Set(wanted.flatMap((it) => it.inodes));
  const clients = wanted.flatMap(({ client }) => client ?? []);
  const [client, ...others] = clients;
  // The kernel looks through one pair of ports faster than through all.
  const ports = client && others.length === 0 && inodes.size === 0 ? portsOf(client) : undefined;
  const ask = () =>
    socketsWithBytes(
      ({ inode, local, peer }) =>
        inodes.has(inode) ||
        clients.some(
          (it) =>
            it.port === peer.port &&
            it.serverPort === local.port &&
            it.address === addressOf(peer) &&
            it.serverAddress === addressOf(local),
        ),
      { ports },
    );
  // After a machine stood still every answer is late. A second try tells that from a host with too many connections.
  const found = await ask().catch((error: unknown) => {
    if (error instanceof ConnectionsLate) return ask();
    throw error;
  });
  return found.map(({ inode, local, peer, receivedBytes, sentBytes }) => ({
    inode,
    localAddress: addressOf(local),
    localPort: local.port,
    peerAddress: addressOf(peer),
    peerPort: peer.port,
    receivedBytes,
    sentBytes,
  }));
}

function portsOf({ port, serverPort }: Client) {
  return { local: serverPort, peer: port };
}

/** Throws if the kernel does not tell of connections. */
export async function mustTellOfConnections(): Promise<void> {
  await readConnections([{ inodes: ["0"] }]);
}

/**
 * For a look at many logins: one question answers all who ask within one turn of the event loop. It is asked after they have asked, so
 * nobody gets counters from before.
 */
export function askingTogether(ask: typeof readConnections = readConnections): AskForConnections {
  let waiting: { readonly askers: Wanted[]; readonly answer: Promise<readonly Connection[]> } | undefined;
  const begin = () => {
    const askers: Wanted[] = [];
    const answer = new Promise<void>((resolve) => void setImmediate(resolve)).then(() => {
      waiting = undefined;
      return ask(askers);
    });
    return { askers, answer };
  };
  return (wanted) => {
    waiting ??= begin();
    waiting.askers.push(wanted);
    return waiting.answer;
  };
}

/** The connection over which a login came; `undefined` if it is not in the list. */
export function connectionOf(client: Client, connections: readonly Connection[]): Connection | undefined {
  return connections.find(
    (it) =>
      it.peerPort === client.port &&
      it.localPort === client.serverPort &&
      it.peerAddress === client.address &&
      it.localAddress === client.serverAddress,
  );
}
