// A bar that is drawn over a screen and taken away again leaves no trace, whatever a program has done to its terminal.
import fc from "fast-check";
import { expect, test } from "vitest";
import { isBetweenSequences, newEmulator, stateOf } from "../../../src/wrap/emulator.ts";
import { barRow, canDraw, drawBar, takeBar } from "../../../src/wrap/overlay.ts";
import { CLOSE, isSound, open, pictureOf, program, seen, write } from "../../support/emulated.ts";

const LINK_OVER_TWO_ROWS = `${" ".repeat(17)}\x1b]8;;http://a.example\x1b\\here${CLOSE}\x1b[0;0H`;
const SCROLL = `${CLOSE}\x1b[6;3H${" ".repeat(19)}`;

test("a bar goes without a trace, and what comes after looks as if it had never been there", {
  timeout: 120_000,
}, async () => {
  let drawn = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(program, open).map((parts) => parts.join("")),
      program.map((text) => CLOSE + text),
      fc.integer({ min: 2, max: 24 }),
      fc.integer({ min: 1, max: 9 }),
      async (first, second, columns, rows) => {
        const plain = newEmulator(columns, rows);
        const barred = newEmulator(columns, rows);
        for (const emulator of [plain, barred]) await write(emulator, first);
        fc.pre(isBetweenSequences(barred) && isSound(barred) && canDraw(stateOf(barred)));
        drawn += 1;
        const before = stateOf(barred);
        const taken = takeBar(before);
        await write(barred, drawBar("afkill: closes in 59 s", before));
        const bar = stateOf(barred)
          .cells(barRow(before))
          .map(({ text }) => text)
          .join("");
        expect(bar).toBe("afkill: closes in 59 s".padEnd(columns).slice(0, columns));
        await write(barred, taken);
        expect(pictureOf(barred)).toEqual(pictureOf(plain));
        for (const emulator of [plain, barred]) await write(emulator, second);
        expect(seen(pictureOf(barred, plain))).toEqual(seen(pictureOf(plain)));
      },
    ),
    { numRuns: 600, examples: [[LINK_OVER_TWO_ROWS, SCROLL, 4, 6]] },
  );
  expect(drawn).toBeGreaterThan(200);
});

test("a character that had no room is not taken for the one before it", async () => {
  const emulator = newEmulator(3, 2);
  await write(emulator, "\x1b[?7l\x1b[2;1H\u6587\x1b[44m\u6587");
  const before = stateOf(emulator);
  const { rows } = pictureOf(emulator);
  const taken = takeBar(before);
  await write(emulator, drawBar("afkill", before));
  await write(emulator, taken);
  expect(pictureOf(emulator).rows).toEqual(rows);
});
