// A terminal that was away shows afterwards what it would show if it had been there: the output was kept, or its screen is painted.
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newEmulator } from "../../../src/wrap/emulator.ts";
import { viewOn } from "../../../src/wrap/view.ts";
import { seen as asSeen, isSound, pictureOf, program, write } from "../../support/emulated.ts";

/** More than is kept, on the main screen as on the other. */
const FLOOD = "a line of a flood\r\n".repeat(20_000);

/** Without links, tab stops and reports in the middle of a sequence; the insert mode and the one that does not wrap: see view.test.ts. */
const output = program.map((text) =>
  text.replaceAll(/\x1b\]8;[^\x07\x1b]*(\x07|\x1b\\)|\x1b\[(4h|\?7l)/g, ""),
);

function terminal(columns: number, rows: number) {
  const emulator = newEmulator(columns, rows);
  const taken: Buffer[] = [];
  const stream = new Writable({
    write: (bytes: Buffer, _, done) => {
      taken.push(bytes);
      emulator.write(bytes, () => done());
    },
  }) as unknown as Socket;
  return { emulator, stream, taken, view: viewOn(stream, columns, rows) };
}

const seenOn = (emulator: ReturnType<typeof newEmulator>) => {
  const { rows, cursor, attributes, modes, charset, type, kept } = asSeen(pictureOf(emulator));
  const cells = rows.map((row) => row.cells);
  return { cells, cursor, attributes, modes, charset, type, margins: [kept.scrollTop, kept.scrollBottom] };
};

async function missed(before: string, meanwhile: string, after: string, [columns, rows]: [number, number]) {
  const plain = newEmulator(columns, rows);
  const { emulator, stream, view } = terminal(columns, rows);
  await Promise.all([view.pass(Buffer.from(before)), write(plain, before)]);
  expect(await view.goAway()).toBe(true);
  await Promise.all([view.pass(Buffer.from(meanwhile)), write(plain, meanwhile)]);
  await view.comeBack(stream);
  await Promise.all([view.pass(Buffer.from(after)), write(plain, after)]);
  await view.flushed();
  return { plain, emulator };
}

describe("a terminal that was away", () => {
  test("has got all the output, in its order", async () => {
    const { stream, view, taken } = terminal(80, 24);
    await view.pass(Buffer.from("before "));
    await view.goAway();
    await view.pass(Buffer.from("mean"));
    await view.pass(Buffer.from("while "));
    expect(Buffer.concat(taken).toString()).toBe("before ");
    await view.comeBack(stream);
    await view.pass(Buffer.from("after"));
    await view.flushed();
    expect(Buffer.concat(taken).toString()).toBe("before meanwhile after");
  });

  test("keeps no more than a client takes in a moment", async () => {
    const { stream, view, taken } = terminal(80, 24);
    await view.goAway();
    await view.pass(Buffer.from(FLOOD));
    await view.comeBack(stream);
    await view.flushed();
    expect(Buffer.concat(taken).length).toBeLessThan(FLOOD.length / 4);
  });

  test("shows no bar, and rings no bell", async () => {
    const { view, taken } = terminal(80, 24);
    await view.goAway();
    view.ring();
    expect(await view.setBar(() => "afkill: closes in 59 s")).toBe(false);
    expect(Buffer.concat(taken).toString()).toBe("");
  });

  test("is painted after more than anybody keeps", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        output,
        output,
        output,
        fc.integer({ min: 4, max: 24 }),
        fc.integer({ min: 2, max: 9 }),
        async (before, meanwhile, after, columns, rows) => {
          const { plain, emulator } = await missed(before, `${FLOOD}\x1bc${meanwhile}`, after, [
            columns,
            rows,
          ]);
          fc.pre(isSound(plain));
          expect(seenOn(emulator)).toEqual(seenOn(plain));
        },
      ),
      { numRuns: 60 },
    );
  });
});
