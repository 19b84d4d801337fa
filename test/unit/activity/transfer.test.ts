import { expect, test } from "vitest";
import {
  askingTogether,
  type Connection,
  connectionOf,
  parseConnections,
} from "../../../src/activity/connections.ts";
import { movedSince, transferSince } from "../../../src/activity/transfer.ts";

const base = { receivedBytes: 5_000, sentBytes: 90_000 };
const after = (up: number, down: number) => ({
  receivedBytes: base.receivedBytes + up,
  sentBytes: base.sentBytes + down,
});

// Bytes a minute, up and down, as real clients sent them.
test.each([
  ["keepalives every 5 s", 216, 216],
  ["keepalives every 2 s both ways", 1559, 1559],
  ["top -d 0.1", 540, 600_000],
  ["a flood of output", 7771, 11_500_000],
])("idle: %s", (_, up, down) => {
  expect(transferSince(base, after(up, down), 60_000)).toBeUndefined();
  expect(transferSince(base, after(up / 6, down / 6), 10_000)).toBeUndefined();
});

test.each([
  ["small requests through -L", 3933, 6000],
  ["small requests through -L beside top", 4036, 60_000],
  ["through -D", 2782, 6000],
  ["through -R", 11_067, 6000],
  ["an agent asked for signatures", 2779, 3000],
])("a transfer: %s", (_, up, down) => {
  expect(transferSince(base, after(up, down), 60_000)).toBe(`${(up / 1000).toFixed(1)} kB from the client`);
});

test("a few packets in a short time are no rate", () => {
  expect(transferSince(base, after(300, 300), 5_000)).toBeUndefined();
});

test("without a terminal what goes to the client counts too", () => {
  expect(movedSince(base, after(200, 50_000), 60_000)).toBe("50.0 kB to the client");
  expect(movedSince(base, after(4000, 500), 60_000)).toBe("4.0 kB from the client");
  expect(movedSince(base, after(1559, 1559), 60_000)).toBeUndefined();
});

const SS = `ESTAB 0      0                   10.0.0.2:22              10.0.0.1:55000 timer:(keepalive,119min,0) ino:1234 sk:3 <->
\t ts sack cubic wscale:7,7 rto:204 rtt:0.03/0.01 bytes_sent:2100 bytes_retrans:100 bytes_acked:2000 bytes_received:300 segs_out:5 notsent:50
ESTAB 0      0          [::ffff:10.0.0.2]:22     [::ffff:10.0.0.3]:55001 uid:1001 ino:1235 sk:4 cgroup:/x <->
\t ts sack cubic bytes_acked:7 bytes_received:8
SYN-SENT 0 1 10.0.0.2:40000 10.9.9.9:443 timer:(on,1.2sec,2) ino:1236 sk:5
\t cubic rto:4000
TIME-WAIT 0 0 10.0.0.2:22 10.0.0.1:54999 timer:(timewait,20sec,0) ino:0 sk:6
`;

test("what ss prints", () => {
  const connections = parseConnections(SS);
  expect(connections.map(({ inode, receivedBytes, sentBytes }) => [inode, receivedBytes, sentBytes])).toEqual(
    [
      ["1234", 300, 2000],
      ["1235", 8, 7],
      ["1236", 0, 0],
      ["0", 0, 0],
    ],
  );
  // What was sent again counts once, what waits to be sent counts.
  expect(connections.map(({ writtenBytes }) => writtenBytes)).toEqual([2050, 0, 0, 0]);
  const client = { address: "10.0.0.3", port: 55001, serverAddress: "10.0.0.2", serverPort: 22 };
  expect(connectionOf(client, connections)?.inode).toBe("1235");
  expect(connectionOf({ ...client, port: 55000 }, connections)).toBeUndefined();
  expect(parseConnections("")).toEqual([]);
});

test("without inodes connections are told by their addresses", () => {
  const [first, second] = parseConnections(SS.replaceAll(/ ino:\d+| sk:\d+/g, ""));
  expect([first?.inode, first?.receivedBytes, first?.peerPort]).toEqual([undefined, 300, 55000]);
  expect([second?.peerAddress, second?.sentBytes]).toEqual(["10.0.0.3", 7]);
});

const client = (port: number) => ({
  address: "10.0.0.3",
  port,
  serverAddress: "10.0.0.2",
  serverPort: 22,
});

test("who asks in one turn is asked for together, and never answered with what is older than the question", async () => {
  const asked: (readonly number[] | "all")[] = [];
  const connectionsOf = askingTogether(async (clients) => {
    asked.push(clients?.map(({ port }) => port) ?? "all");
    return [{ inode: String(asked.length) } as Connection];
  });
  const answerOf = async (port: number) => (await connectionsOf(client(port)))[0]?.inode;
  const first = await Promise.all([answerOf(1), Promise.resolve().then(() => answerOf(2)), answerOf(3)]);
  expect(first).toEqual(["1", "1", "1"]);
  expect(await Promise.all([answerOf(1), connectionsOf().then(([it]) => it?.inode)])).toEqual(["2", "2"]);
  // While an answer is on its way, a new question is no part of it.
  const early = connectionsOf(client(4));
  await new Promise((resolve) => setImmediate(resolve));
  expect([(await connectionsOf(client(5)))[0]?.inode, (await early)[0]?.inode]).toEqual(["4", "3"]);
  expect(asked.map((it) => (it === "all" ? it : it.toSorted()))).toEqual([[1, 2, 3], "all", [4], [5]]);
});

test("a failure is everybody's, and the next question is asked anew", async () => {
  let fails = true;
  const connectionsOf = askingTogether(async () => {
    if (fails) throw new Error("no ss");
    return [];
  });
  const answers = await Promise.allSettled([connectionsOf(), connectionsOf(client(1))]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await connectionsOf()).toEqual([]);
});
