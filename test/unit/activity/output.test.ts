import { expect, test } from "vitest";
import { outputAt } from "../../../src/activity/output.ts";

const toBootMs = (wallS: number) => (wallS - 1000) * 1000;
const look = (modifiedWallS: number) => ({ modifiedWallS });

test("output counts from the end of its bucket", () => {
  const first = outputAt(undefined, look(2003), 5_000_000, toBootMs);
  expect(first).toEqual({ modifiedWallS: 2003, atMs: 1_008_000 });
  expect(outputAt(first, look(2003), 6_000_000, toBootMs)).toEqual(first);
  expect(outputAt(first, look(2040), 6_000_000, toBootMs).atMs).toBe(1_048_000);
});

test("a time that was put back takes nothing away", () => {
  const before = outputAt(undefined, look(2040), 1_050_000, toBootMs);
  expect(outputAt(before, look(2003), 1_060_000, toBootMs)).toEqual({
    modifiedWallS: 2003,
    atMs: before.atMs,
  });
});
