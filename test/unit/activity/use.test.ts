// Use of a connection beside its terminals, and heartbeats, in virtual time.
import { expect, test } from "vitest";
import type { Traffic } from "../../../src/activity/traffic.ts";
import { type Channels, needsCloseLooks, type UseState, useAfter } from "../../../src/activity/use.ts";

const tunnel: Channels = {
  hasTerminals: true,
  rest: "keys",
  mayBeAnswers: false,
  transferCounts: true,
  heartbeatsCount: false,
};
const command: Channels = { ...tunnel, hasTerminals: false, rest: "command" };
const BEGIN_MS = 100_000;

/** Something that the connection moves at a time. */
interface Event {
  readonly atMs: number;
  readonly through?: number;
  readonly up?: number;
  readonly down?: number;
  /** sshd's own bytes on the wire: a keepalive. They are no payload, and are the last that came. */
  readonly keepalive?: true;
}

const trafficAt = (events: readonly Event[], bootMs: number): Traffic => {
  const past = events.filter(({ atMs }) => atMs <= bootMs);
  const sum = (key: "through" | "up" | "down") => past.reduce((total, it) => total + (it[key] ?? 0), 0);
  const since = (isIt: (it: Event) => boolean) =>
    bootMs - Math.max(0, ...past.filter(isIt).map(({ atMs }) => atMs));
  return {
    bootMs,
    inBytes: 5000 + sum("up") + sum("through") / 2,
    mostInBytes: 5000 + sum("up") + sum("through") / 2,
    outBytes: 7000 + sum("down") + sum("through"),
    forwarded: { "4711": 10 + sum("through") },
    forwardedIn: { "4711": 10 + sum("through") / 2 },
    sinceClientMs: since(({ up, through, keepalive }) => Boolean(up ?? through ?? keepalive)),
    sinceForwardedMs: since(({ through }) => through !== undefined),
  };
};

/** Looks at some times; the state after the last. */
function looked(events: readonly Event[], looksAtMs: readonly number[], channels = tunnel): UseState {
  let state: UseState | undefined;
  for (const bootMs of looksAtMs) state = useAfter(state, trafficAt(events, bootMs), channels);
  if (!state) throw new Error("never looked");
  return state;
}
const every = (stepMs: number, fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.floor((toMs - fromMs) / stepMs) + 1 }, (_, index) => fromMs + index * stepMs);
const heartbeat = (periodMs: number, bytes: number, untilMs = 10 * BEGIN_MS): Event[] =>
  every(periodMs, 500, untilMs).map((atMs) => ({ atMs, through: bytes }));

test("what moved before the first look is no use, and nothing moving never is", () => {
  const events = [{ atMs: 50_000, through: 90 }];
  expect(looked(events, every(1000, BEGIN_MS, BEGIN_MS + 60_000)).usedAtMs).toBe(0);
  expect(looked(events, [40_000, BEGIN_MS]).usedAtMs).toBe(50_000);
});

test("keepalives and output of a terminal are no use", () => {
  const events = every(1000, 0, 2 * BEGIN_MS).map((atMs) => ({ atMs, keepalive: true as const, down: 5000 }));
  expect(looked(events, [BEGIN_MS, BEGIN_MS + 30_000, 2 * BEGIN_MS]).usedAtMs).toBe(0);
});

test("of a forwarded port it is known to the moment when it was used last, however seldom anybody looks", () => {
  const events = [{ atMs: 120_000, through: 300 }];
  expect(looked(events, [BEGIN_MS, 180_000])).toMatchObject({ usedAtMs: 120_000, source: "transfer" });
});

test("what somebody types into a command is input, and counts also by the clock", () => {
  const events = every(10_000, BEGIN_MS, 2 * BEGIN_MS).map((atMs) => ({ atMs, up: 5 }));
  const seen = looked(events, every(1000, BEGIN_MS, 195_000), command);
  expect(seen).toMatchObject({ usedAtMs: 190_000, source: "input" });
  expect(looked(events, every(1000, BEGIN_MS, 195_000), tunnel).usedAtMs).toBe(0);
});

test("output of a command counts where it is a stream, not where it is a trickle", () => {
  const stream = every(5000, 0, 2 * BEGIN_MS).map((atMs) => ({ atMs, down: 261_000 }));
  expect(looked(stream, every(1000, BEGIN_MS, 150_000), command).usedAtMs).toBeGreaterThanOrEqual(150_000);
  const trickle = every(5000, 0, 2 * BEGIN_MS).map((atMs) => ({ atMs, down: 200 }));
  expect(looked(trickle, every(1000, BEGIN_MS, 150_000), command).usedAtMs).toBe(0);
  expect(looked(trickle, [BEGIN_MS, 150_000], command).usedAtMs).toBe(0);
});

test.each([1000, 5000, 15_000])(
  "a heartbeat every %d ms is told from a person, and never was use",
  (periodMs) => {
    const closely = every(1000, BEGIN_MS, BEGIN_MS + 60_000);
    expect(looked(heartbeat(periodMs, 90), closely)).toMatchObject({ usedAtMs: 0 });
  },
);

test("a policy that takes heartbeats for use looks no closer", () => {
  const events = heartbeat(5000, 90);
  const seen = looked(events, [BEGIN_MS, BEGIN_MS + 60_000], { ...tunnel, heartbeatsCount: true });
  expect(seen.usedAtMs).toBe(155_500);
  expect(needsCloseLooks(seen)).toBe(false);
});

test("a heartbeat that was lumped together before anybody looked closely is none either", () => {
  const looks = [BEGIN_MS, BEGIN_MS + 60_000, ...every(1000, BEGIN_MS + 61_000, BEGIN_MS + 90_000)];
  const events = heartbeat(5000, 90);
  // At the first look the port is there already: looks are close until it is told.
  expect(needsCloseLooks(looked(events, [BEGIN_MS]))).toBe(true);
  expect(looked(events, looks).usedAtMs).toBe(0);
  // Once it is known, looks may be far apart again.
  expect(looked(events, [...looks, BEGIN_MS + 150_000, BEGIN_MS + 300_000]).usedAtMs).toBe(0);
});

test("somebody who works beside a heartbeat is seen, and when they stopped", () => {
  const events = [...heartbeat(5000, 90), { atMs: 133_000, through: 400 }].sort((a, b) => a.atMs - b.atMs);
  const closely = every(1000, BEGIN_MS, BEGIN_MS + 70_000);
  expect(looked(events, closely).usedAtMs).toBe(133_000);
});

test("a person pauses: the same small question at uneven distances is use", () => {
  let atMs = BEGIN_MS;
  const events = [7, 4, 9, 5.5, 6, 11, 3, 8, 5].map((seconds) => {
    atMs += seconds * 1000;
    return { atMs, through: 90 };
  });
  expect(looked(events, every(1000, BEGIN_MS, atMs + 500)).usedAtMs).toBe(atMs);
});

test("what moves a lot is use, however regularly", () => {
  const closely = every(1000, BEGIN_MS, BEGIN_MS + 60_000);
  expect(looked(heartbeat(5000, 20_000), closely).usedAtMs).toBe(BEGIN_MS + 55_500);
});

test("close looks end when a heartbeat is told from a person, and after a minute", () => {
  const ends = (events: readonly Event[]) =>
    every(1000, BEGIN_MS + 1000, BEGIN_MS + 120_000).find(
      (untilMs) => !needsCloseLooks(looked(events, every(1000, BEGIN_MS, untilMs))),
    );
  expect(ends(heartbeat(5000, 90))).toBeLessThanOrEqual(BEGIN_MS + 16_000);
  expect(ends([])).toBe(BEGIN_MS + 60_000);
  expect(ends([{ atMs: BEGIN_MS + 3_200, through: 90 }])).toBe(BEGIN_MS + 60_000);
});

/** Looks each second at traffic that a test makes up; the state after the last. */
function followed(steps: readonly Partial<Traffic>[], channels: Channels): UseState {
  let state: UseState | undefined;
  for (const [index, step] of steps.entries())
    state = useAfter(state, { ...trafficAt([], BEGIN_MS + 1000 * index), ...step }, channels);
  if (!state) throw new Error("never looked");
  return state;
}

test("what is on its way between two counters is no use, and counts once it has come", () => {
  const still = { inBytes: 100, mostInBytes: 100 };
  const onItsWay = { inBytes: 64, mostInBytes: 136 };
  expect(followed([still, onItsWay, still, onItsWay, still], command).usedAtMs).toBe(0);
  const more = { inBytes: 105, mostInBytes: 105, sinceClientMs: 0 };
  expect(followed([still, { inBytes: 69, mostInBytes: 141 }, more], command).usedAtMs).toBe(BEGIN_MS + 2000);
});

test("what sshd and its monitor told each other is no use when the monitor is gone; what moves beside and after it is", () => {
  const before = { inBytes: -200_000, mostInBytes: -200_000, outBytes: -3000, hasMonitor: true };
  const alone = { inBytes: -100, mostInBytes: -100, outBytes: 9000, hasMonitor: false };
  const between: Channels = { ...tunnel, rest: "forwarded" };
  for (const channels of [command, between])
    expect(followed([before, alone, alone], channels).usedAtMs).toBe(0);
  const through = { ...alone, forwarded: { "4711": 100 }, forwardedIn: { "4711": 50 } };
  expect(followed([before, through], between).detail).toBe("90 bytes through what it forwards");
  const later = { ...alone, inBytes: -20, mostInBytes: -20, sinceClientMs: 300 };
  expect(followed([before, alone, later], between).detail).toBe("80 bytes through what it forwards");
});

test("a forwarded connection that closes is no use, and one that came and went between two looks is", () => {
  const open = { inBytes: 500, mostInBytes: 500, forwarded: { "1": 900 }, forwardedIn: { "1": 400 } };
  const closed = { ...open, forwarded: {}, forwardedIn: {} };
  const between: Channels = { ...tunnel, rest: "forwarded" };
  for (const channels of [command, between])
    expect(followed([open, closed, closed], channels).usedAtMs).toBe(0);
  const again = { ...closed, inBytes: 580, mostInBytes: 580, sinceClientMs: 300 };
  expect(followed([open, closed, again], between)).toMatchObject({
    usedAtMs: BEGIN_MS + 1700,
    source: "transfer",
    detail: "80 bytes through what it forwards",
  });
  expect(followed([open, closed, again], tunnel).usedAtMs).toBe(0);
});

test("what a terminal can have answered is no use; what is more than that is", () => {
  const between: Channels = { ...tunnel, rest: "forwarded", mayBeAnswers: true, heartbeatsCount: true };
  const seen = (inBytes: number, outBytes: number) =>
    followed(
      [
        { inBytes: 0, mostInBytes: 0, outBytes: 0 },
        { inBytes, mostInBytes: inBytes, outBytes, sinceClientMs: 0 },
      ],
      between,
    ).usedAtMs;
  expect(seen(37, 3)).toBe(0);
  const asked = every(1, 0, 100).map((n) => ({ inBytes: 8 * n, mostInBytes: 8 * n, outBytes: 4 * n }));
  expect(followed(asked, between).usedAtMs).toBe(0);
  expect(seen(32_768, 300)).toBe(BEGIN_MS + 1000);
});

test("what a terminal answers after a look to what was asked before it is no use, and later it is", () => {
  const asks: Channels = { ...tunnel, rest: "forwarded", mayBeAnswers: true, heartbeatsCount: true };
  const answers: Channels = { ...asks, mayBeAnswers: false };
  const trafficWith = (bootMs: number, inBytes: number, outBytes: number): Traffic => ({
    ...trafficAt([], bootMs),
    ...{ inBytes, mostInBytes: inBytes, outBytes, sinceClientMs: 0 },
  });
  const begun = useAfter(undefined, trafficWith(BEGIN_MS, 0, 0), asks);
  const asked = useAfter(begun, trafficWith(BEGIN_MS + 1000, 0, 4), asks);
  expect(useAfter(asked, trafficWith(BEGIN_MS + 2000, 8, 4), answers).usedAtMs).toBe(0);
  const silent = useAfter(asked, trafficWith(BEGIN_MS + 2000, 0, 4), answers);
  expect(useAfter(silent, trafficWith(BEGIN_MS + 3000, 8, 4), answers).usedAtMs).toBe(BEGIN_MS + 3000);
});

test("short connections by the clock are a heartbeat too", () => {
  const between: Channels = { ...tunnel, rest: "forwarded" };
  const events = heartbeat(5000, 0).map(({ atMs }) => ({ atMs, up: 90 }));
  const closely = every(1000, BEGIN_MS, BEGIN_MS + 60_000);
  expect(looked(events, closely, between).usedAtMs).toBe(0);
  expect(looked(events, closely, { ...between, heartbeatsCount: true }).usedAtMs).toBe(BEGIN_MS + 55_500);
});
