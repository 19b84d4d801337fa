import { expect, test } from "vitest";
import { askingTogether, type Connection, type Wanted } from "../../../src/activity/connections.ts";
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

const client = (port: number) => ({
  address: "10.0.0.3",
  port,
  serverAddress: "10.0.0.2",
  serverPort: 22,
});
const wanting = (port: number): Wanted => ({ inodes: [], client: client(port) });

test("who asks in one turn is asked for together, and never answered with what is older than the question", async () => {
  const asked: (number | string)[][] = [];
  const connectionsOf = askingTogether(async (wanted) => {
    asked.push(wanted.map(({ inodes, client }) => client?.port ?? inodes.join()));
    return [{ inode: String(asked.length) } as Connection];
  });
  const answerOf = async (port: number) => (await connectionsOf(wanting(port)))[0]?.inode;
  const first = await Promise.all([answerOf(1), Promise.resolve().then(() => answerOf(2)), answerOf(3)]);
  expect(first).toEqual(["1", "1", "1"]);
  const ofSocket = connectionsOf({ inodes: ["4711"] }).then(([it]) => it?.inode);
  expect(await Promise.all([answerOf(1), ofSocket])).toEqual(["2", "2"]);
  // While an answer is on its way, a new question is no part of it.
  const early = connectionsOf(wanting(4));
  await new Promise((resolve) => setImmediate(resolve));
  expect([(await connectionsOf(wanting(5)))[0]?.inode, (await early)[0]?.inode]).toEqual(["4", "3"]);
  expect(asked.map((it) => it.toSorted())).toEqual([[1, 2, 3], ["4711", 1].toSorted(), [4], [5]]);
});

test("a failure is everybody's, and the next question is asked anew", async () => {
  let fails = true;
  const connectionsOf = askingTogether(async () => {
    if (fails) throw new Error("no answer");
    return [];
  });
  const answers = await Promise.allSettled([connectionsOf(wanting(1)), connectionsOf(wanting(2))]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await connectionsOf(wanting(1))).toEqual([]);
});
