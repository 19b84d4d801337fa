import { afterEach, expect, test, vi } from "vitest";
import { beginLook } from "../../../src/login/budget.ts";

afterEach(() => vi.restoreAllMocks());

/** A look whose clocks are set by hand. */
function look(ms: number) {
  let [nowMs, cpuMs] = [5000, 700];
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  vi.spyOn(process, "cpuUsage").mockImplementation(() => ({ user: cpuMs * 1000, system: 0 }));
  const isOver = beginLook(ms);
  return (tookMs: number, usedMs: number) => {
    [nowMs, cpuMs] = [5000 + tookMs, 700 + usedMs];
    return isOver();
  };
}

test("a look that works ends after its time", () => {
  const isOver = look(2000);
  expect(isOver(1999, 1999)).toBe(false);
  expect(isOver(2000, 1500)).toBe(true);
});

test("a look that was kept waiting by others goes on, and ends after all", () => {
  const isOver = look(2000);
  expect(isOver(9000, 500)).toBe(false);
  expect(isOver(9000, 800)).toBe(true);
  expect(isOver(16_000, 1)).toBe(true);
});
