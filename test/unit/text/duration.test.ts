import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../../src/text/duration.ts";

describe("parseDuration", () => {
  it.each([
    ["1s", 1_000],
    ["90s", 90_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["1d2h3m4s", 93_784_000],
    ["0h5m", 300_000],
    ["3650d", 315_360_000_000],
    ["off", Number.POSITIVE_INFINITY],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "15",
    "m",
    "-5m",
    "1.5h",
    "5 m",
    " 5m",
    "5m\n",
    "5M",
    "5ms",
    "30m1h",
    "5m5m",
    "OFF",
    "٣m",
    "1e3s",
  ])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(/expected a duration such as "90s"/);
  });

  it("refuses what is too short or too long to be meant", () => {
    expect(() => parseDuration("0s")).toThrow('expected at least "1s"');
    expect(() => parseDuration("0d0h")).toThrow('expected at least "1s"');
    expect(() => parseDuration("3651d")).toThrow('expected at most "3650d"');
    expect(() => parseDuration("999999999d")).toThrow('expected at most "3650d"');
  });
});

describe("formatDuration", () => {
  it.each([
    [90_000, "1m30s"],
    [5_400_000, "1h30m"],
    [172_800_000, "2d"],
    [59_600, "1m"],
    [400, "0s"],
    [-5_000, "0s"],
    [Number.POSITIVE_INFINITY, "off"],
  ])("writes %d", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("writes whole seconds so that they are read back the same", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3650 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });
});
