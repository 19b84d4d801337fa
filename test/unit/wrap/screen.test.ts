// The model of the screen: what it leaves out of a flood changes nothing.
import fc from "fast-check";
import { expect, test } from "vitest";
import { newEmulator, stateOf } from "../../../src/wrap/emulator.ts";
import { newScreen } from "../../../src/wrap/screen.ts";
import { shorten } from "../../../src/wrap/shorten.ts";

const picture = (emulator: ReturnType<typeof newEmulator>) => {
  const { cells, ...state } = stateOf(emulator);
  return {
    ...state,
    rows: Array.from({ length: state.rows }, (_, row) => cells(row)),
    type: emulator.buffer.active.type,
  };
};
const write = (emulator: ReturnType<typeof newEmulator>, bytes: Buffer) =>
  new Promise<void>((resolve) => emulator.write(bytes, resolve));

const line = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[ -~]{0,40}\r\n$/) },
  { weight: 2, arbitrary: fc.constantFrom("\n", "中文\r\n", "\t\ta\r\n", "ab\b\bc\r\n", "x\rz\r\n", "\x07") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("\x1b[31m", "\x1b[m", "\x1b[0;1m", "\x1b[1m", "\x1b[48;5;4m", "\x1b[4:3m"),
  },
);
const other = fc.constantFrom(
  "\x1b[5A",
  "\x1b[2;4r",
  "\x1b[?1049h",
  "\x1b[H",
  "\x1b(0",
  "\x1b[?7l",
  "\u0085",
  "\x0b",
  "\x1b]0;t\x07",
);

test("shortened output leaves the same screen", { timeout: 60_000 }, async () => {
  let shortened = 0;
  const flood = fc
    .tuple(
      fc.array(line, { minLength: 20, maxLength: 120 }),
      fc.option(other, { freq: 6, nil: "" }),
      fc.array(line, { maxLength: 40 }),
    )
    .map(([first, sequence, last]) => Buffer.from([...first, sequence, ...last].join("")));
  await fc.assert(
    fc.asyncProperty(
      flood,
      fc.integer({ min: 2, max: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 12 }),
      async (bytes, columns, rows, start) => {
        const [whole, short] = [newEmulator(columns, rows), newEmulator(columns, rows)];
        const before = Buffer.from(`${"old\r\n".repeat(start)}half`);
        for (const emulator of [whole, short]) await write(emulator, before);
        const less = shorten(bytes, rows);
        if (less.length < bytes.length) shortened += 1;
        await write(whole, bytes);
        await write(short, less);
        expect(picture(short)).toEqual(picture(whole));
      },
    ),
    { numRuns: 800 },
  );
  expect(shortened).toBeGreaterThan(200);
});

test("shortened output that ends in bare line feeds leaves the cursor in the same column", async () => {
  const [whole, short] = [newEmulator(8, 2), newEmulator(8, 2)];
  const flood = Buffer.from(`${"line\r\n".repeat(20)}${"\n".repeat(4)}`);
  const less = shorten(flood, 2);
  for (const emulator of [whole, short]) await write(emulator, Buffer.from("half"));
  await write(whole, flood);
  await write(short, less);
  expect(less.length).toBeLessThan(flood.length);
  expect(picture(short)).toEqual(picture(whole));
});

test("a flood is not drawn whole, and the screen is right all the same", async () => {
  const screen = newScreen(80, 24);
  const whole = newEmulator(80, 24);
  const lines = Buffer.from(
    Array.from({ length: 5000 }, (_, n) => `line ${n} of a \x1b[1mflood\x1b[0m\r\n`).join(""),
  );
  for (let turn = 0; turn < 20; turn += 1) await screen.feed(lines);
  await screen.settle();
  await write(whole, lines);
  expect(picture(screen.emulator)).toEqual(picture(whole));
});

test("questions for the cursor's position are counted", async () => {
  const screen = newScreen(80, 24);
  screen.feed(Buffer.from("\x1b[6n\x1b[5n\x1b[6"));
  await screen.settle();
  expect([screen.cursorQuestions, screen.isDrawable]).toEqual([1, false]);
  screen.feed(Buffer.from("n"));
  await screen.settle();
  expect([screen.cursorQuestions, screen.isDrawable]).toEqual([2, true]);
});
