// What flows under a bar goes through whole: once the bar is gone, the screen is that of a terminal that never had one.
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { newEmulator, stateOf } from "../../../src/wrap/emulator.ts";
import { barRow } from "../../../src/wrap/overlay.ts";
import { viewOn } from "../../../src/wrap/view.ts";
import { seen as asSeen, pictureOf, program, write } from "../../support/emulated.ts";

const BAR = "afkill: closes in 59 s";

/**
 * Without links: the emulator forgets one with the row that it began in, and takes it up again where a bar has put it back. Without the
 * insert mode: there the emulator joins a combining character only to one that came right before it. Without the mode that does not wrap:
 * in it, the emulator loses halves of wide characters.
 */
const output = program.map((text) =>
  text.replaceAll(/\x1b\]8;[^\x07\x1b]*(\x07|\x1b\\)|\x1b\[(4h|\?7l)/g, ""),
);

/** A user's terminal, and the view on it. */
function terminal(columns: number, rows: number) {
  const emulator = newEmulator(columns, rows);
  const output = new Writable({
    write: (bytes: Buffer, _, done) => void emulator.write(bytes, () => done()),
  });
  return { emulator, view: viewOn(output as unknown as Socket, columns, rows) };
}

/** Cut at these places, each counted from the one before. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (const length of lengths) {
    parts.push(bytes.subarray(from, from + length));
    from += length;
  }
  return [...parts, bytes.subarray(from)].filter((part) => part.length > 0);
}

test("output under a bar leaves the screen as without one", { timeout: 120_000 }, async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(
      output,
      fc.array(fc.tuple(output, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 })), {
        minLength: 1,
        maxLength: 3,
      }),
      output,
      fc.integer({ min: 2, max: 24 }),
      fc.integer({ min: 1, max: 9 }),
      async (before, under, after, columns, rows) => {
        const plain = newEmulator(columns, rows);
        const { emulator, view } = terminal(columns, rows);
        await Promise.all([view.pass(Buffer.from(before)), write(plain, before)]);
        for (const [text, lengths] of under) {
          await view.setBar(() => BAR);
          for (const part of cut(Buffer.from(text), lengths)) {
            await view.pass(part);
            await write(plain, part);
          }
          await view.flushed();
          if (view.isBarSeen) {
            seen += 1;
            const row = stateOf(emulator)
              .cells(barRow(stateOf(emulator)))
              .map((cell) => cell.text)
              .join("");
            expect(row).toBe(BAR.padEnd(columns).slice(0, columns));
          }
          await view.setBar(undefined);
          await view.flushed();
          expect(view.isBarSeen).toBe(false);
          expect(asSeen(pictureOf(emulator, plain))).toEqual(asSeen(pictureOf(plain)));
        }
        await Promise.all([view.pass(Buffer.from(after)), write(plain, after)]);
        await view.flushed();
        expect(asSeen(pictureOf(emulator, plain))).toEqual(asSeen(pictureOf(plain)));
      },
    ),
    { numRuns: 300 },
  );
  expect(seen).toBeGreaterThan(100);
});
