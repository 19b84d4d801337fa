import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketEndS, inputAt } from "../../../src/activity/input.ts";

// Wall and boot clock 1 000 s apart.
const toBootMs = (wallS: number) => (wallS - 1000) * 1000;
const bucketAt = (wallS: number) => toBootMs(bucketEndS(wallS));
const look = (accessedWallS: number, ...unreadBytes: number[]) => ({ accessedWallS, unreadBytes });

test("the end of a bucket", () => {
  expect([0, 7, 8, 15, 1_700_000_003].map(bucketEndS)).toEqual([8, 8, 16, 16, 1_700_000_008]);
  // Beyond 2^31, where bit operations on numbers go wrong.
  expect(bucketEndS(5_000_000_001)).toBe(5_000_000_008);
});

test("a first look counts from the end of the bucket", () => {
  expect(inputAt(undefined, look(2003, 0), { nowMs: 5_000_000, toBootMs }).atMs).toBe(1_008_000);
});

test("the end of the bucket may lie ahead", () => {
  expect(inputAt(undefined, look(2001, 0), { nowMs: 1_001_500, toBootMs }).atMs).toBe(1_008_000);
});

test("a key at the very beginning of a bucket counts to its end, though the boot clock is read to 10 ms", () => {
  expect(inputAt(undefined, look(2000, 0), { nowMs: 999_990, toBootMs }).atMs).toBe(1_008_000);
});

test("keys that nobody read: their number counts when it is not 0 at first, and when it changed", () => {
  const first = inputAt(undefined, look(2003, 5), { nowMs: 1_500_000, toBootMs });
  expect(first.atMs).toBe(1_500_000);
  const same = inputAt(first, look(2003, 5), { nowMs: 1_600_000, toBootMs });
  expect(same.atMs).toBe(1_500_000);
  expect(inputAt(same, look(2003, 7), { nowMs: 1_700_000, toBootMs }).atMs).toBe(1_700_000);
  expect(inputAt(same, look(2003, 5, 1), { nowMs: 1_700_000, toBootMs }).atMs).toBe(1_700_000);
  // A terminal that came or went inside, with nothing unread, is no key.
  expect(inputAt(same, look(2003, 5, 0), { nowMs: 1_700_000, toBootMs }).atMs).toBe(1_500_000);
});

test("a time that the clock never showed counts as now", () => {
  expect(inputAt(undefined, look(2003, 0), { nowMs: 1_500_000, toBootMs: () => undefined }).atMs).toBe(
    1_500_000,
  );
});

test("a time that lies ahead, of a clock that was set back, counts until the end of a bucket from now", () => {
  expect(inputAt(undefined, look(9000, 0), { nowMs: 1_500_000, toBootMs }).atMs).toBe(1_509_000);
});

test("a time set back makes nobody older", () => {
  const before = inputAt(undefined, look(2003, 0), { nowMs: 1_010_000, toBootMs });
  expect(inputAt(before, look(1500, 0), { nowMs: 1_020_000, toBootMs }).atMs).toBe(before.atMs);
});

describe("where times are believed only with a payload", () => {
  const payload = (least: number, most = least) => ({ least, most });
  const first = inputAt(undefined, look(2003, 0), { nowMs: 1_008_000, toBootMs }, payload(-2900));

  test("a touch is no key, a key is one", () => {
    const touched = inputAt(first, look(2103, 0), { nowMs: 1_110_000, toBootMs }, payload(-2900));
    expect(touched.atMs).toBe(first.atMs);
    expect(inputAt(touched, look(2153, 0), { nowMs: 1_160_000, toBootMs }, payload(-2899)).atMs).toBe(
      bucketAt(2153),
    );
    expect(inputAt(touched, look(2103, 3), { nowMs: 1_160_000, toBootMs }, payload(-2900)).atMs).toBe(
      first.atMs,
    );
    expect(inputAt(touched, look(2103, 3), { nowMs: 1_160_000, toBootMs }, payload(-2899)).atMs).toBe(
      1_160_000,
    );
  });

  test("one key counts once, whoever touches after it", () => {
    const key = inputAt(first, look(2103, 0), { nowMs: 1_110_000, toBootMs }, payload(-2899));
    expect(key.atMs).toBe(bucketAt(2103));
    expect(inputAt(key, look(2203, 0), { nowMs: 1_210_000, toBootMs }, payload(-2899)).atMs).toBe(key.atMs);
  });

  test("a key that came while it was looked counts when its time is seen", () => {
    const during = inputAt(first, look(2003, 0), { nowMs: 1_110_000, toBootMs }, payload(-2900, -2899));
    expect(during.atMs).toBe(first.atMs);
    expect(inputAt(during, look(2103, 0), { nowMs: 1_112_000, toBootMs }, payload(-2899)).atMs).toBe(
      bucketAt(2103),
    );
  });

  test("a key that its program reads long after, with nothing to be seen before, counts then", () => {
    const unseen = inputAt(first, look(2003, 0), { nowMs: 1_110_000, toBootMs }, payload(-2899));
    expect(inputAt(unseen, look(2203, 0), { nowMs: 1_210_000, toBootMs }, payload(-2899)).atMs).toBe(
      bucketAt(2203),
    );
  });

  test("without counters, and at the first one, times are believed", () => {
    expect(inputAt(first, look(2103, 0), { nowMs: 1_110_000, toBootMs }).atMs).toBe(bucketAt(2103));
    const trusted = inputAt(undefined, look(2003, 0), { nowMs: 1_008_000, toBootMs });
    expect(inputAt(trusted, look(2103, 0), { nowMs: 1_110_000, toBootMs }, payload(-2900)).atMs).toBe(
      bucketAt(2103),
    );
  });
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
      let state = inputAt(undefined, look(accessedWallS, 0), { nowMs: 1_000_000, toBootMs });
      for (const [passedMs, isKey] of walk) {
        wallMs += passedMs;
        const nowMs = wallMs - 1_000_000;
        if (isKey) {
          keyMs = nowMs;
          const nowS = Math.floor(wallMs / 1000);
          if (kernelMoves(accessedWallS, nowS)) accessedWallS = nowS;
        }
        state = inputAt(state, look(accessedWallS, 0), { nowMs: nowMs, toBootMs });
        expect(state.atMs).toBeGreaterThanOrEqual(keyMs);
        expect(state.atMs).toBeLessThanOrEqual(keyMs + 8000);
      }
    }),
  );
});
