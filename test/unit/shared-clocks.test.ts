// Clocks that are read for many logins.
import os from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { sharedClocks } from "../../src/clock.ts";

afterEach(() => vi.restoreAllMocks());

test("between two readings the time that passed is added, and a step of the clock shows soon", () => {
  const clock = { monotonicMs: 5000, wallMs: 1_000_000, bootS: 70 };
  vi.spyOn(process, "hrtime").mockImplementation(() => [0, clock.monotonicMs * 1_000_000]);
  vi.spyOn(Date, "now").mockImplementation(() => clock.wallMs);
  vi.spyOn(os, "uptime").mockImplementation(() => clock.bootS);
  const clocks = sharedClocks();
  expect(clocks()).toEqual({ bootMs: 70_000, wallMs: 1_000_000 });
  clock.monotonicMs += 100;
  expect(clocks()).toEqual({ bootMs: 70_100, wallMs: 1_000_100 });
  // Stepped by an hour.
  Object.assign(clock, { monotonicMs: clock.monotonicMs + 1, wallMs: 4_600_101, bootS: 70.1 });
  expect(clocks()).toEqual({ bootMs: 70_100, wallMs: 4_600_101 });
  clock.monotonicMs += 30;
  expect(clocks()).toEqual({ bootMs: 70_130, wallMs: 4_600_131 });
});
