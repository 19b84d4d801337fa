// TCP connections with the bytes that went through them, as ss(8) tells: /proc has no such counters.
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { type Client, plainAddress } from "../login/client.ts";

export interface Connection {
  readonly inode: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly receivedBytes: number;
  /** Bytes that the peer has acknowledged: what is only sent again and again does not count. */
  readonly sentBytes: number;
}

const PLACES = ["/usr/bin/ss", "/bin/ss", "/usr/sbin/ss", "/sbin/ss"];
const TIMEOUT_MS = 10_000;
/** A host with ten thousand connections prints some 5 MB. */
const MOST_BYTES = 64 << 20;

const run = promisify(execFile);

/**
 * The TCP connections of this network namespace; with a client, only those between its two ports. Any user may ask.
 * Throws when there is no `ss`, or when it fails: work that cannot be seen must not pass for none.
 */
export async function readConnections(client?: Client): Promise<Connection[]> {
  const filter = client
    ? ["sport", "=", `:${client.serverPort}`, "and", "dport", "=", `:${client.port}`]
    : [];
  // -t TCP, -i counters, -n numbers, -H no header, -e inode.
  const ask = () =>
    run(placeOfSs(), ["-tinHe", ...filter], {
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

/** Parses the output of `ss -tinHe`: a line a connection, its counters on the next, which begins with a tab. */
export function parseConnections(output: string): Connection[] {
  return output.split(/\n(?=\S)/).flatMap((entry) => {
    const [head = "", ...rest] = entry.split("\n");
    const [, , , local = "", peer = ""] = head.split(/\s+/);
    const inode = /\sino:(\d+)/.exec(head)?.[1];
    const from = parseEndpoint(local);
    const to = parseEndpoint(peer);
    if (!inode || !from || !to) return [];
    const counters = rest.join(" ");
    const count = (name: string) => Number(new RegExp(`\\s${name}:(\\d+)`).exec(counters)?.[1] ?? 0);
    return [
      {
        inode,
        localAddress: from.address,
        localPort: from.port,
        peerAddress: to.address,
        peerPort: to.port,
        // Absent while they are 0.
        receivedBytes: count("bytes_received"),
        sentBytes: count("bytes_acked"),
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
