// TCP connections with the bytes that went through them, as ss(8) tells: /proc has no such counters.
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { type Client, plainAddress } from "../login/client.ts";

export interface Connection {
  /** Of the socket; absent where only the connections of clients were asked for. */
  readonly inode?: string | undefined;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly receivedBytes: number;
  /** Bytes that the peer has acknowledged: what is only sent again and again does not count. */
  readonly sentBytes: number;
  /** Bytes that the program here has written, whether or not they are sent yet. */
  readonly writtenBytes: number;
}

const PLACES = ["/usr/bin/ss", "/bin/ss", "/usr/sbin/ss", "/sbin/ss"];
const TIMEOUT_MS = 3_000;
/** A host with ten thousand connections prints some 5 MB. */
const MOST_BYTES = 64 << 20;

const run = promisify(execFile);
const nextTurn = promisify(setImmediate);

/** Longer filters take longer than to read everything. */
const MOST_IN_FILTER = 16;

/**
 * The TCP connections of this network namespace; with clients, those between their ports at least, without inodes. Any user may ask.
 * Throws when there is no `ss`, or when it fails: work that cannot be seen must not pass for none.
 */
export async function readConnections(clients?: readonly Client[]): Promise<Connection[]> {
  // -t TCP, -i counters, -n numbers, -H no header, -e inode: that also looks for the cgroup of each socket, which takes most of the time.
  const args = clients ? ["-tinH", ...filterFor(clients)] : ["-tinHe"];
  const ask = () =>
    run(placeOfSs(), args, {
      encoding: "latin1",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    });
  // A machine that stood still makes every answer late: once more tells that from an ss that hangs.
  const { stdout } = await ask().catch((error: { killed?: boolean }) => {
    if (error.killed) return ask();
    throw error;
  });
  return parseConnections(stdout);
}

function filterFor(clients: readonly Client[]): string[] {
  if (clients.length > MOST_IN_FILTER) return [];
  const each = clients.map(({ serverPort, port }) => `( sport = :${serverPort} and dport = :${port} )`);
  return each.join(" or ").split(" ");
}

/** Asks for the connections of one client, or for all. */
export type AskForConnections = (client?: Client) => Promise<Connection[]>;

/**
 * For a look at many logins: all who ask within one turn of the event loop are answered by one `ss`. It runs after they have asked,
 * so that nobody gets counters from before.
 */
export function askingTogether(ask: typeof readConnections = readConnections): AskForConnections {
  let waiting:
    | { readonly askers: (Client | undefined)[]; readonly answer: Promise<Connection[]> }
    | undefined;
  const begin = () => {
    const askers: (Client | undefined)[] = [];
    const answer = nextTurn().then(() => {
      waiting = undefined;
      const clients = askers.filter((it) => it !== undefined);
      return ask(clients.length === askers.length ? clients : undefined);
    });
    return { askers, answer };
  };
  return (client) => {
    waiting ??= begin();
    waiting.askers.push(client);
    return waiting.answer;
  };
}

/** Where `ss` is. Throws where it is not. */
export function placeOfSs(): string {
  for (const place of PLACES) {
    try {
      accessSync(place, constants.X_OK);
      return place;
    } catch {
      // Try the next.
    }
  }
  throw new Error(
    `the sources busy and transfer need ss (package iproute2), found none of ${PLACES.join(", ")}`,
  );
}

const COUNTERS = {
  received: /\sbytes_received:(\d+)/,
  acked: /\sbytes_acked:(\d+)/,
  sent: /\sbytes_sent:(\d+)/,
  retrans: /\sbytes_retrans:(\d+)/,
  notsent: /\snotsent:(\d+)/,
};

/** Parses the output of `ss -tinH`, with inodes that of `ss -tinHe`: a line a connection, its counters on the next, which begins with a tab. */
export function parseConnections(output: string): Connection[] {
  return output.split(/\n(?=\S)/).flatMap((entry) => {
    const [head = ""] = entry.split("\n", 1);
    const [, , , local = "", peer = ""] = head.split(/\s+/, 5);
    const inode = /\sino:(\d+)/.exec(head)?.[1];
    const from = parseEndpoint(local);
    const to = parseEndpoint(peer);
    if (!from || !to) return [];
    const counters = entry.slice(head.length);
    // Absent while they are 0.
    const count = (name: keyof typeof COUNTERS) => Number(COUNTERS[name].exec(counters)?.[1] ?? 0);
    return [
      {
        inode,
        localAddress: from.address,
        localPort: from.port,
        peerAddress: to.address,
        peerPort: to.port,
        receivedBytes: count("received"),
        sentBytes: count("acked"),
        // Sent again is counted twice; what still waits, nowhere else.
        writtenBytes: count("sent") - count("retrans") + count("notsent"),
      },
    ];
  });
}

function parseEndpoint(text: string): { address: string; port: number } | undefined {
  const [, address, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  return address && port ? { address: plainAddress(address), port: Number(port) } : undefined;
}

/** The connection that a login came over. */
export function connectionOf(client: Client, connections: readonly Connection[]): Connection | undefined {
  return connections.find(
    (it) =>
      it.peerPort === client.port &&
      it.localPort === client.serverPort &&
      it.peerAddress === client.address &&
      it.localAddress === client.serverAddress,
  );
}
