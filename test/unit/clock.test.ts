import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventsBetween,
  MOST_EVENTS,
  mapClocks,
  newsFor,
  parseHistory,
  readClocks,
  withEvents,
} from "../../src/clock.ts";

const DAY_S = 86_400;

test("both clocks can be read, and the boot clock moves on", () => {
  const first = readClocks();
  expect(first.bootMs).toBeGreaterThan(0);
  expect(readClocks().bootMs).toBeGreaterThanOrEqual(first.bootMs);
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

  test("is told again by each check's watchdog: only what ended after all that is known is new", () => {
    const known = parseHistory("start 10 1000;step 20 1010 21 5000;gap 30 45");
    expect(newsFor([], known)).toEqual(known);
    expect(newsFor(known, parseHistory("start 10 1000;gap 30 45;step 44 900 46 10"))).toEqual(
      parseHistory("step 44 900 46 10"),
    );
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

  test("is noted when a sleep took much longer than asked, not when the machine was busy", () => {
    const before = { bootMs: 100_000, wallMs: 5_000_000 };
    const after = (ms: number) => ({ bootMs: 100_000 + ms, wallMs: 5_000_000 + ms });
    expect(eventsBetween(before, after(4_000), 1_000)).toEqual([]);
    expect(eventsBetween(before, after(9_000), 1_000)).toEqual([
      { kind: "gap", fromBootS: 101, toBootS: 109 },
    ]);
  });

  test("and a step are told apart", () => {
    const before = { bootMs: 100_000, wallMs: 5_000_000 };
    const [event, ...more] = eventsBetween(before, { bootMs: 101_000, wallMs: 8_601_000 }, 1_000);
    expect(more).toEqual([]);
    expect(event).toEqual({
      kind: "step",
      beforeBootS: 100,
      beforeWallS: 5000,
      afterBootS: 101,
      afterWallS: 8601,
    });
  });
});
