import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketEndS, inputAt } from "../../src/activity/input.ts";

// Wall and boot clock 1 000 s apart.
const toBootMs = (wallS: number) => (wallS - 1000) * 1000;
const look = (accessedWallS: number, ...unreadBytes: number[]) => ({ accessedWallS, unreadBytes });

test("the end of a bucket", () => {
  expect([0, 7, 8, 15, 1_700_000_003].map(bucketEndS)).toEqual([8, 8, 16, 16, 1_700_000_008]);
  // Beyond 2^31, where bit operations on numbers go wrong.
  expect(bucketEndS(5_000_000_001)).toBe(5_000_000_008);
});

test("a first look counts from the end of the bucket", () => {
  expect(inputAt(undefined, look(2003, 0), 5_000_000, toBootMs).atMs).toBe(1_008_000);
});

test("the end of the bucket may lie ahead", () => {
  expect(inputAt(undefined, look(2001, 0), 1_001_500, toBootMs).atMs).toBe(1_008_000);
});

test("a key at the very beginning of a bucket counts to its end, though the boot clock is read to 10 ms", () => {
  expect(inputAt(undefined, look(2000, 0), 999_990, toBootMs).atMs).toBe(1_008_000);
});

test("keys that nobody read: their number counts when it is not 0 at first, and when it changed", () => {
  const first = inputAt(undefined, look(2003, 5), 1_500_000, toBootMs);
  expect(first.atMs).toBe(1_500_000);
  const same = inputAt(first, look(2003, 5), 1_600_000, toBootMs);
  expect(same.atMs).toBe(1_500_000);
  expect(inputAt(same, look(2003, 7), 1_700_000, toBootMs).atMs).toBe(1_700_000);
  expect(inputAt(same, look(2003, 5, 1), 1_700_000, toBootMs).atMs).toBe(1_700_000);
  // A terminal that came or went inside, with nothing unread, is no key.
  expect(inputAt(same, look(2003, 5, 0), 1_700_000, toBootMs).atMs).toBe(1_500_000);
});

test("a time that the clock never showed counts as now", () => {
  expect(inputAt(undefined, look(9000, 0), 1_500_000, toBootMs).atMs).toBe(1_500_000);
  expect(inputAt(undefined, look(2003, 0), 1_500_000, () => undefined).atMs).toBe(1_500_000);
});

test("a time set back makes nobody older", () => {
  const before = inputAt(undefined, look(2003, 0), 1_010_000, toBootMs);
  expect(inputAt(before, look(1500, 0), 1_020_000, toBootMs).atMs).toBe(before.atMs);
});

/** The kernel's side: when it moves a terminal's time (drivers/tty/tty_io.c). */
const kernelMoves = (timeS: number, nowS: number) => Math.floor(timeS / 8) !== Math.floor(nowS / 8);

test("never earlier than the last key, and at most 8 s later", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (walk) => {
      let wallMs = 2_000_000;
      let accessedWallS = 2000;
      let keyMs = 1_000_000;
      let state = inputAt(undefined, look(accessedWallS, 0), 1_000_000, toBootMs);
      for (const [passedMs, isKey] of walk) {
        wallMs += passedMs;
        const nowMs = wallMs - 1_000_000;
        if (isKey) {
          keyMs = nowMs;
          const nowS = Math.floor(wallMs / 1000);
          if (kernelMoves(accessedWallS, nowS)) accessedWallS = nowS;
        }
        state = inputAt(state, look(accessedWallS, 0), nowMs, toBootMs);
        expect(state.atMs).toBeGreaterThanOrEqual(keyMs);
        expect(state.atMs).toBeLessThanOrEqual(keyMs + 8000);
      }
    }),
  );
});
