// Where the client of a login sits. The login's own socket is asked, because a user can write SSH_CONNECTION.
import { readFileSync } from "node:fs";
import { descriptorsIn, linkOf } from "./descriptors.ts";

/** The two ends of a login's connection, from its own socket. */
export interface Client {
  readonly address: string;
  readonly port: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** The inode of the socket that a descriptor of a process is open on; `undefined` if it is no socket. */
export function socketAt(pid: number, fd: number): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
}

/** A login uses one descriptor for its client, among the first; forwarded connections come later. */
const MOST_DESCRIPTORS = 256;
/** The descriptor of the client is nearly always one of these. Below are /dev/null (not for an sshd that inetd started) and the log. */
const LIKELY_DESCRIPTORS = [4, 3, 5];

/** A TCP connection of a process: who is at the other end, and who made the socket. */
export interface ClientSocket {
  readonly client: Client;
  /** The user that made the socket. A socket that root's sshd accepted is root's, whoever serves it now. */
  readonly ownerUid: number;
}

/** The TCP connections of one network namespace, found by the inode of the socket. */
type Connections = (inode: string) => ClientSocket | undefined;

/** Finds the TCP connections of a process's network namespace. */
export type SocketTable = (pid: number) => Connections;

/** The client of an sshd: the peer of its first TCP connection; `undefined` if it has none, or we may not look. */
export function clientOf(pid: number, table: SocketTable = readSocketTable): Client | undefined {
  return clientSocketOf(pid, table)?.client;
}

/** The descriptors of an sshd, likely ones first: to list the directory takes longer than to try those. */
export function* descriptorsInTurn(pid: number): Generator<number> {
  yield* LIKELY_DESCRIPTORS;
  for (const { fd } of descriptorsIn(pid, MOST_DESCRIPTORS)) if (!LIKELY_DESCRIPTORS.includes(fd)) yield fd;
}

/** The first TCP connection among the descriptors of an sshd; `undefined` if it has none, or we may not look. */
export function clientSocketOf(pid: number, table: SocketTable = readSocketTable): ClientSocket | undefined {
  let connections: Connections | undefined;
  for (const fd of descriptorsInTurn(pid)) {
    const inode = socketAt(pid, fd);
    if (inode === undefined) continue;
    connections ??= table(pid);
    const found = connections(inode);
    if (found) return found;
  }
  return undefined;
}

/** Reads the TCP connections of a process's own network namespace, which may not be ours. Those over IPv6 are read only if needed. */
function readSocketTable(pid: number): Connections {
  const known: Map<string, string[]>[] = [];
  return (inode) => {
    for (const [index, table] of ["tcp", "tcp6"].entries()) {
      known[index] ??= linesByInode(readText(`/proc/${pid}/net/${table}`));
      // A busy host has thousands of lines, and few of them are asked for: only these are parsed.
      const found = parseConnection(known[index].get(inode) ?? []);
      if (found) return found;
    }
    return undefined;
  };
}

/** The lines of /proc/net/tcp or tcp6 (proc_pid_net(5)) as words, by the inode of the socket. */
function linesByInode(text: string): Map<string, string[]> {
  const words = text.split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(words.map((entry) => [entry[9] ?? "", entry]));
}

/** A table that reads each network namespace once: for one look at many logins. */
export function rememberingTable(): SocketTable {
  const known = new Map<string, Connections>();
  return (pid) => {
    const namespace = linkOf(`/proc/${pid}/ns/net`);
    const before = namespace === "" ? undefined : known.get(namespace);
    const table = before ?? readSocketTable(pid);
    known.set(namespace, table);
    return table;
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // No IPv6 on this machine, or the process is gone.
    return "";
  }
}

const LISTENING = "0A";

/** Parses the words of a line of /proc/net/tcp or tcp6 (proc_pid_net(5)); `undefined` if it is no connection. */
function parseConnection(words: readonly string[]): ClientSocket | undefined {
  const [, local = "", remote = "", state, , , , uid] = words;
  const server = parseEndpoint(local);
  const client = parseEndpoint(remote);
  if (!server || !client || state === LISTENING) return undefined;
  return {
    ownerUid: Number(uid),
    client: {
      address: client.address,
      port: client.port,
      serverAddress: server.address,
      serverPort: server.port,
    },
  };
}

/**
 * Parses an endpoint: `0100007F:1F90` → 127.0.0.1 and 8080; `undefined` if it has another form. The address is hexadecimal words of 32 bits
 * in the byte order of the machine (little-endian on all that Node supports here).
 */
export function parseEndpoint(text: string): { address: string; port: number } | undefined {
  const [words = "", port = ""] = text.split(":");
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(words) || !/^[0-9A-F]{4}$/.test(port)) return undefined;
  const bytes = Buffer.from(words, "hex");
  bytes.swap32();
  const address =
    bytes.length === 4 ? bytes.join(".") : (bytes.toString("hex").match(/.{4}/g)?.join(":") ?? "");
  return { address: plainAddress(address), port: Number.parseInt(port, 16) };
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * The one spelling of an address: no brackets, no `%eth0`, IPv6 shortened, an IPv4 address inside IPv6 (`::ffff:1.2.3.4`) as IPv4. Other
 * text stays as it is.
 */
export function plainAddress(text: string): string {
  const bare = text.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  // Node needs longer to load its module for networks than a check takes, and most addresses are IPv4.
  if (IPV4.test(bare)) return bare;
  const { isIP, SocketAddress } = process.getBuiltinModule("node:net");
  if (isIP(bare) !== 6) return bare;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  return mapped ?? address;
}

/** Parses the text of SSH_CONNECTION (ssh(1)): client address and port, server address and port. `undefined` unless it is exactly that. */
export function parseSshConnection(text: string): Client | undefined {
  const [address = "", port = "", serverAddress = "", serverPort = "", ...more] = text.trim().split(" ");
  if (text === "") return undefined;
  const { isIP } = process.getBuiltinModule("node:net");
  const isPort = (word: string) => /^\d{1,5}$/.test(word) && Number(word) <= 65535;
  if (more.length > 0 || !isPort(port) || !isPort(serverPort) || !isIP(address) || !isIP(serverAddress))
    return undefined;
  return {
    address: plainAddress(address),
    port: Number(port),
    serverAddress: plainAddress(serverAddress),
    serverPort: Number(serverPort),
  };
}
