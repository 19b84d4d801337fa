import os from "node:os";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { recordClockEvents } from "../../../src/guard/clock-keeper.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import {
  type ClockEvent,
  eventsAfter,
  gapsBetween,
  MOST_EVENTS,
  mapClocks,
  parseHistory,
  parseTold,
  readClocks,
  stepsBetween,
  uptimeShiftS,
  withEvents,
} from "../../../src/system/clock.ts";

const DAY_S = 86_400;

test("a container whose /proc/uptime is its own is seen", () => {
  const { bootMs } = readClocks();
  const spy = vi.spyOn(os, "uptime").mockReturnValue(bootMs / 1000 - 900);
  expect(uptimeShiftS()).toBe(900);
  spy.mockRestore();
});

test("all clocks can be read, the boot clock moves on, and what was suspended is told to the millisecond", () => {
  const first = readClocks();
  expect(first.bootMs).toBeGreaterThan(0);
  const readings = Array.from({ length: 1000 }, readClocks);
  expect(readings.at(-1)?.bootMs).toBeGreaterThanOrEqual(first.bootMs);
  expect(first.bootMs / 1000).toBeCloseTo(os.uptime(), 0);
  expect(uptimeShiftS()).toBe(0);
  for (const { suspendedMs } of readings)
    expect(Math.abs(suspendedMs - first.suspendedMs)).toBeLessThanOrEqual(2);
});

describe("the watchdog's history", () => {
  test("is read entry by entry", () => {
    expect(parseHistory("start 10 1000;step 20 1010 21 5000;gap 30 45")).toEqual([
      { kind: "start", bootS: 10, wallS: 1000 },
      { kind: "step", beforeBootS: 20, beforeWallS: 1010, afterBootS: 21, afterWallS: 5000 },
      { kind: "gap", fromBootS: 30, toBootS: 45 },
    ]);
  });

  test("is distrusted: whatever is not of its form is passed over", () => {
    expect(parseHistory("start 10; step 1 2 3; gap 9 4; gap -1 4; start 1e3 5; rm -rf /;;")).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseHistory(text))));
  });

  test("is told again to each check: only what ended after the last reading is new", () => {
    const told = parseHistory("start 10 1000;step 20 1010 21 5000;gap 30 45;step 44 900 46 10");
    expect(eventsAfter(45_000, told)).toEqual(parseHistory("step 44 900 46 10"));
    expect(eventsAfter(46_000, told)).toEqual([]);
  });

  test("says how much had been suspended when the watchdog began, also where /proc/uptime is a container's own", () => {
    expect(parseTold("start 10 1000;awake 10.25 4250000000;gap 30 45")).toEqual({
      events: parseHistory("start 10 1000;gap 30 45"),
      begun: { bootMs: 10_250, suspendedMs: 6_000 },
    });
    expect(parseTold("start 10 1000;awake 10.25 904250000000;step 20 1010 21 5000;gap 30 45", 900)).toEqual({
      events: parseHistory("start 910 1000;step 920 1010 921 5000;gap 930 945"),
      begun: { bootMs: 910_250, suspendedMs: 6_000 },
    });
    for (const text of ["awake 10.25", "awake 10 5", "awake 10.25 -5", "awake 1.00 x", "start 1 2"])
      expect(parseTold(text).begun).toBeUndefined();
  });

  test("is kept short, without counting a forgotten gap as idle time", () => {
    const gaps = Array.from({ length: 300 }, (_, n) => `gap ${100 * n + 100} ${100 * n + 150}`);
    const history = withEvents([], parseHistory(["start 0 1000000", ...gaps].join(";")));
    expect(history.length).toBeLessThanOrEqual(MOST_EVENTS);
    const now = { bootMs: 40_000_000, wallMs: 0 };
    const { toIdleMs } = mapClocks(history, now);
    const sinceMs = (bootMs: number) => toIdleMs(now.bootMs) - toIdleMs(bootMs);
    expect(sinceMs(0)).toBe(40_000_000 - 300 * 50_000);
    expect(sinceMs(29_960_000)).toBe(40_000_000 - 29_960_000 - 50_000);
    // Amid the gaps that became one: later than it was, never earlier.
    expect(sinceMs(160_000)).toBeLessThanOrEqual(40_000_000 - 160_000 - 299 * 50_000);
    expect(sinceMs(160_000)).toBeGreaterThanOrEqual(0);
    const steps = parseHistory(Array.from({ length: 99 }, (_, n) => `step ${n} 5 ${n} 9`).join(";"));
    expect(withEvents([], steps)).toEqual(steps.slice(-MOST_EVENTS));
  });
});

describe("a wall time", () => {
  const at = (bootS: number, wallS: number) => ({ bootMs: bootS * 1000, wallMs: wallS * 1000 });

  for (const stepS of [DAY_S, -DAY_S, 3_600, -3_600]) {
    test(`from before a step of ${stepS} s keeps its place, and so does one from after it`, () => {
      const history = parseHistory(`start 0 1000000;step 100 1000100 101 ${1000101 + stepS}`);
      const map = mapClocks(history, at(130, 1000130 + stepS));
      expect(map.toBootMs(1000090 * 1000)).toBe(90_000);
      expect(map.toBootMs((1000120 + stepS) * 1000)).toBe(120_000);
    });

    test(`from before a step of ${stepS} s that nobody has noted yet keeps its place`, () => {
      const map = mapClocks(parseHistory("start 0 1000000"), at(130, 1000130 + stepS));
      expect(map.toBootMs(1000090 * 1000)).toBe(90_000);
      expect(map.toBootMs((1000120 + stepS) * 1000)).toBe(120_000);
    });
  }

  test("from a stretch that one watchdog began, and the next one after a step that nobody noted, keeps its place", () => {
    const history = parseHistory("start 0 1000000;start 100 996500;step 200 996600 201 1000201");
    const map = mapClocks(history, at(4_000, 1004000));
    expect(map.toBootMs(996550 * 1000)).toBe(150_000);
    expect(map.toBootMs(1000050 * 1000)).toBe(50_000);
  });

  test("that the clock never showed is not placed", () => {
    const map = mapClocks(parseHistory("start 0 1000000"), at(130, 1000130));
    expect(map.toBootMs(1009999 * 1000)).toBeUndefined();
  });

  test("that two stretches of the clock showed is placed at the later one", () => {
    const map = mapClocks(parseHistory("start 0 1000000;step 100 1000100 101 1000091"), at(130, 1000120));
    expect(map.toBootMs(1000095 * 1000)).toBe(105_000);
  });

  test("of a login older than the watchdog is placed before it", () => {
    expect(mapClocks(parseHistory("start 500 1000500"), at(600, 1000600)).toBootMs(1000100 * 1000)).toBe(
      100_000,
    );
  });
});

describe("a gap", () => {
  test("does not count as idle time, before, in and after it", () => {
    const { toIdleMs } = mapClocks(parseHistory("gap 100 160"), { bootMs: 300_000, wallMs: 0 });
    expect([50, 100, 130, 160, 300].map((s) => toIdleMs(s * 1000) / 1000)).toEqual([50, 100, 100, 100, 240]);
  });
});

test("a step of the wall clock is what its two readings differ by, and rounding is none", () => {
  const before = { bootMs: 100_000, wallMs: 5_000_000 };
  expect(stepsBetween(before, { bootMs: 101_000, wallMs: 8_601_000 })).toEqual([
    { kind: "step", beforeBootS: 100, beforeWallS: 5000, afterBootS: 101, afterWallS: 8601 },
  ]);
  expect(stepsBetween(before, { bootMs: 101_000, wallMs: 5_003_000 })).toEqual([]);
});

describe("what was suspended", () => {
  const at = (bootS: number, suspendedS: number) => ({
    bootMs: bootS * 1000,
    suspendedMs: suspendedS * 1000,
  });
  const gaps = (...pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([fromBootS, toBootS]) => ({ kind: "gap", fromBootS, toBootS }));

  test("lies between two readings, as late as it can: nobody is ended early", () => {
    expect(gapsBetween(at(100, 7), at(200, 37))).toEqual(gaps([170, 200]));
    expect(gapsBetween(at(100, 7), at(200, 7))).toEqual([]);
  });

  test("lies where a watchdog slept too long, and a machine that was busy had no gap", () => {
    const slow = parseHistory("gap 110 140;gap 150 160");
    expect(gapsBetween(at(100, 7), at(200, 7), slow)).toEqual([]);
    expect(gapsBetween(at(100, 7), at(200, 47), slow)).toEqual(gaps([110, 140], [150, 160]));
    // Which of the two was the suspend nobody knows: the later one, as far as it goes.
    expect(gapsBetween(at(100, 7), at(200, 37), slow)).toEqual(gaps([120, 140], [150, 160]));
  });

  test("is placed in full where the slow sleeps are too short for it, without counting any twice", () => {
    const slow = parseHistory("gap 110 140;gap 150 195");
    expect(gapsBetween(at(100, 0), at(200, 85), slow)).toEqual(gaps([110, 140], [145, 200]));
    expect(gapsBetween(at(100, 0), at(200, 90), slow)).toEqual(gaps([110, 200]));
  });

  test("is no more than the slow sleeps, nor than all since boot, where nothing is known of the beginning", () => {
    const slow = parseHistory("gap 110 140;gap 150 160");
    expect(gapsBetween(undefined, at(200, 0), slow)).toEqual([]);
    expect(gapsBetween(undefined, at(200, 25), slow)).toEqual(gaps([125, 140], [150, 160]));
    expect(gapsBetween(undefined, at(200, 9999), slow)).toEqual(gaps([110, 140], [150, 160]));
    // Read on another clock, as in a time namespace.
    expect(gapsBetween(at(100, 500), at(200, 25), slow)).toEqual(gaps([125, 140], [150, 160]));
    expect(gapsBetween(at(100, 0), at(200, 9999), [])).toEqual(gaps([100, 200]));
  });

  test("always comes to what the clocks say, and after any moment to no less than was suspended, but for what slow sleeps hide", () => {
    const sleeps = fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.boolean()), { maxLength: 8 });
    const property = fc.property(sleeps, fc.nat(20), (naps, hiddenS) => {
      let nowS = 100;
      let suspendedS = 0;
      let unnotedS = hiddenS;
      let isBusy = false;
      const slow: ClockEvent[] = [];
      const real: { fromS: number; toS: number }[] = [];
      for (const [restS, lateS, isSuspend] of naps) {
        nowS += restS + 1;
        if (lateS > 5) slow.push({ kind: "gap", fromBootS: nowS, toBootS: nowS + lateS });
        if (isSuspend) real.push({ fromS: nowS, toS: nowS + lateS });
        if (isSuspend) suspendedS += lateS;
        // A suspend that no watchdog notes may be taken for an earlier sleep that a busy machine made long.
        if (isSuspend && lateS <= 5) unnotedS += lateS;
        isBusy ||= !isSuspend && lateS > 5;
        nowS += lateS;
      }
      // One that no sleep shows.
      real.push({ fromS: nowS, toS: nowS + hiddenS });
      nowS += hiddenS;
      suspendedS += hiddenS;
      const found = gapsBetween(at(100, 3), at(nowS, 3 + suspendedS), slow) as ReturnType<typeof gaps>;
      const after = (fromS: number, spans: readonly { fromS: number; toS: number }[]) =>
        spans.reduce((sum, span) => sum + Math.max(0, span.toS - Math.max(fromS, span.fromS)), 0);
      const spans = found.map(({ fromBootS, toBootS }) => ({ fromS: fromBootS, toS: toBootS }));
      const map = mapClocks(found as ClockEvent[], { bootMs: nowS * 1000, wallMs: 0 });
      for (let s = 100; s <= nowS; s++) {
        expect(after(s, spans)).toBeGreaterThanOrEqual(after(s, real) - (isBusy ? unnotedS : 0) - 1e-6);
        expect(map.toIdleMs(nowS * 1000) - map.toIdleMs(s * 1000)).toBeCloseTo(
          (nowS - s - after(s, spans)) * 1000,
        );
      }
      expect(after(0, spans)).toBeCloseTo(suspendedS);
    });
    fc.assert(property);
  });
});

describe("what happened since the clocks were read last", () => {
  const clocks = (bootS: number, suspendedS: number, stepS = 0) => ({
    bootMs: bootS * 1000,
    wallMs: (1_000_000 + bootS + stepS) * 1000,
    suspendedMs: suspendedS * 1000,
  });
  const first = recordClockEvents(
    BLANK,
    clocks(100, 7),
    parseTold("start 50 1000050;awake 50.00 43000000000;gap 60 70"),
  );

  test("is reckoned from the watchdog's beginning at the first check", () => {
    expect(first.history).toEqual(parseHistory("start 50 1000050"));
    const suspended = recordClockEvents(
      BLANK,
      clocks(100, 17),
      parseTold("start 50 1000050;awake 50.00 43000000000;gap 60 70"),
    );
    expect(suspended.history).toEqual(parseHistory("start 50 1000050;gap 60 70"));
  });

  test("is what the watchdog has noted since, once, and what a busy machine was does not become a suspend later", () => {
    const told = parseTold(
      "start 50 1000050;awake 50.00 43000000000;gap 60 70;gap 130 150;step 160 1000160 180 1003780",
    );
    const next = recordClockEvents(first, clocks(200, 27, 3600), told);
    expect(next.history).toEqual(parseHistory("start 50 1000050;step 160 1000160 180 1003780;gap 130 150"));
    expect(recordClockEvents(next, clocks(210, 27, 3600), told).history).toEqual(next.history);
  });

  test("is read from the clocks where no watchdog slept meanwhile", () => {
    const next = recordClockEvents(first, clocks(200, 17, 3600));
    expect(next.history).toEqual(parseHistory("start 50 1000050;step 100 1000100 200 1003800;gap 190 200"));
  });

  test("adds up, however little it is at a time", () => {
    let memory = first;
    for (let n = 1; n <= 30; n++) memory = recordClockEvents(memory, clocks(100 + n, 7 + n * 0.05));
    const { toIdleMs } = mapClocks(memory.history, clocks(130, 0));
    expect(30_000 - toIdleMs(130_000) + toIdleMs(100_000)).toBeGreaterThan(1400);
  });
});

test("a time of one clock is not taken for that of the other: the compiler refuses it", () => {
  const map = mapClocks([{ kind: "gap", fromBootS: 10, toBootS: 30 }], { bootMs: 60_000, wallMs: 0 });
  const idleMs = map.toIdleMs(map.now.bootMs);
  expect(idleMs).toBe(40_000);
  // @ts-expect-error: it is on the idle clock already.
  expect(map.toIdleMs(idleMs)).toBe(20_000);
});
