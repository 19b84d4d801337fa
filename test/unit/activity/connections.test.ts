// Connections as the kernel tells them, compared with what ss(8) prints where there is one.
import { execFileSync } from "node:child_process";
import { fstatSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { socketsWithBytes } from "../../../src/activity/ask-sockets.ts";
import {
  ConnectionsLate,
  connectionOf,
  mustTellOfConnections,
  readConnections,
} from "../../../src/activity/connections.ts";
import { takeLook } from "../../../src/activity/look.ts";
import { plainAddress } from "../../../src/login/client.ts";
import * as sockets from "../../../src/system/socket.ts";

vi.mock("../../../src/system/socket.ts", { spy: true });
afterAll(() => vi.restoreAllMocks());

const open: (Socket | Server)[] = [];
afterAll(() => {
  for (const it of open) it instanceof Object && "destroy" in it ? it.destroy() : it.close();
});

interface Pair {
  readonly here: Socket;
  readonly there: Socket;
}

/** A connection between two sockets of this process. */
async function pair(address: string): Promise<Pair> {
  const listener = createServer();
  open.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, address, resolve));
  const accepted = new Promise<Socket>((resolve) => listener.once("connection", resolve));
  const to = address === "::" ? "127.0.0.1" : address;
  const here = connect((listener.address() as { port: number }).port, to);
  await new Promise((resolve) => here.once("connect", resolve));
  const there = await accepted;
  open.push(
    here.on("error", () => undefined),
    there.on("error", () => undefined),
  );
  return { here, there };
}

const inodeOf = (socket: Socket) => {
  const { _handle } = socket as unknown as { _handle: { fd: number } };
  return String(fstatSync(_handle.fd).ino);
};
const clientOf = ({ there }: Pair) => ({
  address: plainAddress(there.remoteAddress ?? ""),
  port: there.remotePort ?? 0,
  serverAddress: plainAddress(there.localAddress ?? ""),
  serverPort: there.localPort ?? 0,
});
const send = (from: Socket, to: Socket, bytes: number) =>
  new Promise<void>((resolve) => {
    let left = bytes;
    to.on("data", (data) => {
      left -= data.length;
      if (left === 0) resolve();
    });
    from.write(Buffer.alloc(bytes));
  });

const pairs: Pair[] = [];
beforeAll(async () => {
  // The last is an IPv4 connection of a socket of IPv6, as sshd's are.
  for (const address of ["127.0.0.1", "::1", "::"]) pairs.push(await pair(address));
  for (const { here, there } of pairs) {
    await send(here, there, 1_000);
    await send(there, here, 70_000);
  }
  await vi.waitFor(async () => {
    const found = await readConnections([{ inodes: pairs.map(({ there }) => inodeOf(there)) }]);
    expect(found.map(({ sentBytes }) => sentBytes)).toEqual([70_000, 70_000, 70_000]);
  });
});

test("the bytes of sockets are told by inode, and those of a client by its two ends", async () => {
  const inodes = pairs.map(({ there }) => inodeOf(there));
  const found = await readConnections([{ inodes: inodes.slice(0, 1) }, { inodes: inodes.slice(1) }]);
  expect(found.map(({ inode }) => inode).toSorted()).toEqual(inodes.toSorted());
  for (const pair of pairs) {
    const client = clientOf(pair);
    const byClient = connectionOf(client, await readConnections([{ inodes: [], client }]));
    expect(byClient).toMatchObject({ inode: inodeOf(pair.there), receivedBytes: 1_000, sentBytes: 70_000 });
    expect(byClient).toEqual(connectionOf(client, found));
    expect(connectionOf({ ...client, serverAddress: "10.9.9.9" }, found)).toBeUndefined();
  }
  const other = { ...clientOf(pairs[0] as Pair), serverAddress: "10.9.9.9" };
  expect(await readConnections([{ inodes: [], client: other }])).toEqual([]);
  const clients = pairs.map((pair) => ({ inodes: [], client: clientOf(pair) }));
  expect(await readConnections(clients)).toHaveLength(3);
});

test("what nobody asks for is not asked, and a socket that is gone is none", async () => {
  vi.mocked(sockets.sendAside).mockClear();
  expect(await readConnections([{ inodes: ["4294967295"] }])).toEqual([]);
  expect(sockets.sendAside).not.toHaveBeenCalled();
  const short = await pair("127.0.0.1");
  const inode = inodeOf(short.there);
  const found = await socketsWithBytes((socket) => {
    if (socket.inode === inode) for (const it of [short.there, short.here]) it.resetAndDestroy();
    return socket.inode === inode;
  });
  expect(found).toEqual([]);
});

const ss = ["/usr/bin/ss", "/bin/ss"].find((path) => {
  try {
    return execFileSync(path, ["-V"]).length > 0;
  } catch {
    return false;
  }
});

test.runIf(ss)("ss prints the same", async () => {
  const inodes = pairs.flatMap(({ here, there }) => [inodeOf(here), inodeOf(there)]);
  const printed = execFileSync(ss ?? "", ["-tinHe"], { encoding: "latin1" }).split(/\n(?=\S)/);
  const told = printed.flatMap((entry) => {
    const inode = /\sino:(\d+)/.exec(entry)?.[1] ?? "";
    const [, , , local = "", peer = ""] = entry.split(/\s+/);
    const end = (text: string) => [
      plainAddress(text.slice(0, text.lastIndexOf(":"))),
      text.slice(text.lastIndexOf(":") + 1),
    ];
    const count = (name: string) => Number(new RegExp(`\\s${name}:(\\d+)`).exec(entry)?.[1] ?? 0);
    return inodes.includes(inode)
      ? [[inode, ...end(local), ...end(peer), count("bytes_received"), count("bytes_acked")].join(" ")]
      : [];
  });
  const found = (await readConnections([{ inodes }])).map((it) =>
    [
      it.inode,
      it.localAddress,
      it.localPort,
      it.peerAddress,
      it.peerPort,
      it.receivedBytes,
      it.sentBytes,
    ].join(" "),
  );
  expect(found.toSorted()).toEqual(told.toSorted());
  expect(told).toHaveLength(6);
});

test("thousands of connections do not hide one, and more than the budget are late", async () => {
  const listener = createServer((socket) => open.push(socket.on("error", () => undefined)));
  open.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  await Promise.all(
    Array.from(
      { length: 400 },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(port, "127.0.0.1", resolve);
          open.push(socket.on("error", () => undefined));
        }),
    ),
  );
  const [first] = pairs;
  if (!first) throw new Error("no pair");
  const isWanted = ({ inode }: { readonly inode: string }) => inode === inodeOf(first.there);
  expect(await socketsWithBytes(isWanted)).toHaveLength(1);
  const all = await socketsWithBytes(({ peer }) => peer.port === port);
  expect(all).toHaveLength(400);
  const within = (budget: { ms: number; bytes: number }) => socketsWithBytes(isWanted, { budget });
  await expect(within({ ms: 3_000, bytes: 20_000 })).rejects.toThrow(ConnectionsLate);
  await expect(within({ ms: -1, bytes: 64 << 20 })).rejects.toThrow(ConnectionsLate);
});

const look = (connectionsOf?: Parameters<typeof takeLook>[2]["connectionsOf"]) =>
  takeLook({ server: { pid: process.pid, startTicks: 0 }, client: clientOf(pairs[0] as Pair) }, [], {
    sources: ["transfer"],
    tree: [],
    ...(connectionsOf && { connectionsOf }),
  });

test("too many connections are a fault, and no evidence", async () => {
  const seen = await look(async () => Promise.reject(new ConnectionsLate()));
  expect(seen.faults).toEqual({ connections: "there are more connections than could be read in time" });
  expect(seen.connection).toBeUndefined();
});

test("a kernel that does not tell of connections is no host without connections", async () => {
  const refusal = Buffer.alloc(36);
  refusal.writeUInt32LE(36, 0);
  refusal.writeUInt16LE(2, 4);
  refusal.writeUInt32LE(2, 8);
  refusal.writeInt32LE(-2, 16);
  vi.mocked(sockets.receive).mockReturnValueOnce(refusal);
  await expect(mustTellOfConnections()).rejects.toThrow(/does not tell of connections.*ENOENT/);
  vi.mocked(sockets.receive).mockReturnValueOnce(refusal);
  await expect(look()).rejects.toThrow(/ENOENT/);
});

test("a socket that is held in a call that does not end holds up nobody", async () => {
  const [first] = pairs;
  if (!first) throw new Error("no pair");
  const isWanted = ({ inode }: { readonly inode: string }) => inode === inodeOf(first.there);
  let goOn: (sent: boolean) => void = () => undefined;
  vi.mocked(sockets.sendAside).mockReturnValueOnce(
    new Promise((resolve) => {
      goOn = resolve;
    }),
  );
  await expect(socketsWithBytes(isWanted, { budget: { ms: 200, bytes: 1 << 20 } })).rejects.toThrow(
    ConnectionsLate,
  );
  // The thread still hangs.
  vi.mocked(sockets.openSocket).mockClear();
  await expect(socketsWithBytes(isWanted)).rejects.toThrow(ConnectionsLate);
  expect(sockets.openSocket).not.toHaveBeenCalled();
  goOn(true);
  await vi.waitFor(async () => expect(await socketsWithBytes(isWanted)).toHaveLength(1));
});
