// Neither side of a wrapped terminal runs ahead of the other: what one does not take, the other is not asked for.
import type { Socket } from "node:net";
import { Readable, Writable } from "node:stream";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Pty } from "../../../src/wrap/pty.ts";
import { joinTerminals } from "../../../src/wrap/session.ts";

const CHUNK = Buffer.from("a line of a flood\r\n".repeat(1000));
const SIZE = { columns: 80, rows: 24 };
const MOST_BYTES = 2 << 20;

/** Gives more than anybody should take, and counts. */
function flood() {
  let givenBytes = 0;
  const chunks = async function* () {
    for (let count = 0; count < 10_000; count += 1) {
      givenBytes += CHUNK.length;
      yield CHUNK;
      await turn();
    }
  };
  const stream = Readable.from(chunks(), { objectMode: false }) as unknown as Socket;
  return { stream, givenBytes: () => givenBytes };
}

const silent = () => new Readable({ read: () => undefined }) as unknown as Socket;

/** Takes nothing until it is let go. */
function stopped() {
  const gate = Promise.withResolvers<void>();
  const stream = new Writable({ write: (_, __, done) => void gate.promise.then(() => done()) });
  return { stream: stream as unknown as Socket, go: gate.resolve };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 1000; turns += 1) await turn();
}

test("a client that takes nothing stops the programs, and they go on once it takes something", async () => {
  const programs = flood();
  const client = stopped();
  const input = { write: () => true, whenEmpty: () => undefined };
  joinTerminals(
    { output: programs.stream, input } as unknown as Pty,
    { input: silent(), output: client.stream },
    SIZE,
  );
  await settle();
  const before = programs.givenBytes();
  expect(before).toBeLessThan(MOST_BYTES);
  await settle();
  expect(programs.givenBytes()).toBe(before);
  client.go();
  await settle();
  expect(programs.givenBytes()).toBeGreaterThan(before);
  programs.stream.destroy();
});

test("a program that reads nothing stops the keys, and they go on once it reads", async () => {
  const keys = flood();
  const waiting: (() => void)[] = [];
  const input = { write: () => false, whenEmpty: (then: () => void) => void waiting.push(then) };
  const pty = { output: silent(), input } as unknown as Pty;
  joinTerminals(pty, { input: keys.stream, output: stopped().stream }, SIZE);
  await settle();
  const before = keys.givenBytes();
  expect(before).toBeLessThan(MOST_BYTES);
  await settle();
  expect(keys.givenBytes()).toBe(before);
  for (const then of waiting) then();
  await settle();
  expect(keys.givenBytes()).toBeGreaterThan(before);
  keys.stream.destroy();
});

test("what a slow client has not taken yet is not left behind when the shell ends", async () => {
  const programs = new Readable({ read: () => undefined });
  const waiting: (() => void)[] = [];
  let taken = "";
  let isSlow = true;
  const client = new Writable({
    highWaterMark: 1,
    write: (bytes: Buffer, _, done) => {
      taken += bytes.toString("latin1");
      if (isSlow) waiting.push(done);
      else done();
    },
  });
  const input = { write: () => true, whenEmpty: () => undefined };
  const pty = { output: programs, input } as unknown as Pty;
  const session = joinTerminals(pty, { input: silent(), output: client as unknown as Socket }, SIZE);
  let isOver = false;
  programs.push("first ");
  await settle();
  programs.push("second ");
  const over = session.drain().then(() => {
    isOver = true;
  });
  // Three times as long as a terminal is quiet for that has been left behind.
  for (const expected of ["first ", "first second "]) {
    await pause(300);
    expect([taken, isOver]).toEqual([expected, false]);
    waiting.shift()?.();
  }
  isSlow = false;
  await over;
  expect(taken).toBe("first second ");
});
