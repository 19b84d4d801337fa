// TCP connections and the bytes that went through them, from ss(8): /proc has no such counters.
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { type Client, plainAddress } from "../login/client.ts";

export interface Connection {
  /** The inode of the socket; absent if only the connections of clients were asked for. */
  readonly inode?: string | undefined;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly receivedBytes: number;
  /** Bytes that the peer has acknowledged. Bytes that are only sent again and again do not count. */
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

/** With a longer filter ss takes longer than without one. */
const MOST_IN_FILTER = 16;

/**
 * The TCP connections of this network namespace. With `clients`, only some, without inodes: at least those between the clients' ports. Any
 * user may ask. Throws if there is no `ss` or it fails: work that cannot be seen must not count as no work.
 */
export async function readConnections(clients?: readonly Client[]): Promise<Connection[]> {
  // -t TCP, -i counters, -n numbers, -H no header, -e inode. With -e, ss also looks up the cgroup of each socket, which takes most of the
  // time.
  const args = clients ? ["-tinH", ...filterFor(clients)] : ["-tinHe"];
  const ask = () =>
    run(placeOfSs(), args, {
      encoding: "latin1",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    });
  // After a machine stood still every answer is late. A second try tells that from an ss that hangs.
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
 * For a look at many logins: one `ss` answers all who ask within one turn of the event loop. It runs after they have asked, so nobody gets
 * counters from before.
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

/** The path of `ss`. Throws if there is none. */
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

/**
 * Parses the output of `ss -tinH`, or of `ss -tinHe` for inodes: one line per connection, then its counters on the next line, which begins
 * with a tab.
 */
export function parseConnections(output: string): Connection[] {
  return output.split(/\n(?=\S)/).flatMap((entry) => {
    const [head = ""] = entry.split("\n", 1);
    const [, , , local = "", peer = ""] = head.split(/\s+/, 5);
    const inode = /\sino:(\d+)/.exec(head)?.[1];
    const from = parseEndpoint(local);
    const to = parseEndpoint(peer);
    if (!from || !to) return [];
    const counters = entry.slice(head.length);
    // ss leaves out a counter that is 0.
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
        // `sent` counts bytes again that are sent again. It leaves out bytes that still wait.
        writtenBytes: count("sent") - count("retrans") + count("notsent"),
      },
    ];
  });
}

function parseEndpoint(text: string): { address: string; port: number } | undefined {
  const [, address, port] = /^(.+):(\d+)$/.exec(text) ?? [];
  return address && port ? { address: plainAddress(address), port: Number(port) } : undefined;
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
