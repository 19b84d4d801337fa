import { expect, test } from "vitest";
import { outputAt } from "../../src/activity/output.ts";

const toBootMs = (wallS: number) => (wallS - 1000) * 1000;
const look = (modifiedWallS: number) => ({ modifiedWallS });

test("output counts from the end of its bucket", () => {
  const first = outputAt(undefined, look(2003), 5_000_000, toBootMs, undefined);
  expect(first).toEqual({ modifiedWallS: 2003, atMs: 1_008_000 });
  expect(outputAt(first, look(2003), 6_000_000, toBootMs, undefined)).toEqual(first);
  expect(outputAt(first, look(2040), 6_000_000, toBootMs, undefined).atMs).toBe(1_048_000);
});

test("our own notice is no output, what a program writes after it is", () => {
  const before = outputAt(undefined, look(2003), 1_010_000, toBootMs, undefined);
  const noticed = outputAt(before, look(2040), 1_041_000, toBootMs, 2040);
  expect(noticed.atMs).toBe(before.atMs);
  // Noted a second after it was written, when the next bucket had begun.
  expect(outputAt(before, look(2047), 1_049_000, toBootMs, 2048).atMs).toBe(before.atMs);
  expect(outputAt(noticed, look(2049), 1_050_000, toBootMs, 2040).atMs).toBe(1_056_000);
});

test("after the clock was set back, output is not taken for an old notice", () => {
  const before = outputAt(undefined, look(9003), 8_010_000, toBootMs, 9003);
  const stepped = (wallS: number) => wallS * 1000 + 6_000_000;
  expect(outputAt(before, look(2203), 8_203_000, stepped, 9003).atMs).toBe(8_208_000);
});

test("a notice that hides everything before it counts as output now", () => {
  expect(outputAt(undefined, look(2040), 1_041_000, toBootMs, 2040).atMs).toBe(1_041_000);
});
