// What a person types is told from what their terminal sends by itself, however it is split over reads.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCursorPosition, makerOf, pasteMark } from "../../../src/wrap/person.ts";
import { type Unit, unitReader } from "../../../src/wrap/units.ts";
import { CLICKS, KEYS, MOTIONS, REPLIES } from "../../support/terminal-input.ts";

const NONE = { cursorPositions: 0 };
const unitsOf = (text: string): Unit[] => {
  const reader = unitReader();
  const units = reader.push(Buffer.from(text));
  return [...units, ...reader.flush()];
};
const only = (text: string): Unit => {
  const [unit, ...more] = unitsOf(text);
  if (!unit || more.length > 0) throw new Error(`${JSON.stringify(text)} is not one unit`);
  return unit;
};

describe("made by", () => {
  test.each(Object.values(KEYS))("a person: the key %j", (text) =>
    expect(makerOf(only(text), NONE)).toBe("person"),
  );
  test.each(Object.values(CLICKS))("a person: the click %j", (text) =>
    expect(makerOf(only(text), NONE)).toBe("person"),
  );
  test.each(Object.values(MOTIONS))("a mouse that moves: %j", (text) =>
    expect(makerOf(only(text), NONE)).toBe("motion"),
  );
  test.each(Object.values(REPLIES))("a terminal: %j", (text) =>
    expect(makerOf(only(text), NONE)).toBe("terminal"),
  );

  test("a terminal, where F3 with a modifier and an answer look alike and a program has asked", () => {
    expect(makerOf(only("\x1b[1;2R"), { cursorPositions: 1 })).toBe("terminal");
    expect(isCursorPosition(only("\x1b[1;2R"), { cursorPositions: 1 })).toBe(true);
    expect(isCursorPosition(only("\x1b[1;2R"), NONE)).toBe(false);
    expect(isCursorPosition(only("\x1b[1;2A"), { cursorPositions: 1 })).toBe(false);
  });

  test("nobody: the marks around a paste", () => {
    expect(
      unitsOf("\x1b[200~two\rlines\x1b[201~").map((unit) => [makerOf(unit, NONE), pasteMark(unit)]),
    ).toEqual([
      ["mark", "begin"],
      ["person", undefined],
      ["mark", "end"],
    ]);
  });
});

const known = fc.constantFrom(
  ...Object.values(KEYS).filter((key) => key.startsWith("\x1b") && !/^\x1b[\]P_]?$/.test(key)),
  ...Object.values({ ...CLICKS, ...MOTIONS, ...REPLIES }),
);
const words = fc.stringMatching(/^[ -~\xa0-\xff\r]{1,20}$/);

test("units are the same however the bytes are split, and together they are the bytes", () => {
  const parts = fc.array(fc.oneof(known, words), { minLength: 1, maxLength: 20 });
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(parts, cuts, (texts, sizes) => {
      const bytes = Buffer.from(texts.join(""), "latin1");
      const reader = unitReader();
      const units: Unit[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        units.push(...reader.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(reader.pending).toBe(false);
      expect(Buffer.concat(units.map((unit) => unit.bytes))).toEqual(bytes);
      const sequences = (all: readonly Unit[]) =>
        all.filter(({ kind }) => kind !== "text").map((unit) => unit.bytes.toString("latin1"));
      expect(sequences(units)).toEqual(texts.filter((text) => text.startsWith("\x1b")));
    }),
    { numRuns: 2000 },
  );
});

test("any bytes come out as they went in, and nothing is held for long", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const reader = unitReader();
      const units = chunks.flatMap((chunk) => reader.push(Buffer.from(chunk)));
      units.push(...reader.flush());
      expect(reader.pending).toBe(false);
      expect(Buffer.concat(units.map((unit) => unit.bytes))).toEqual(Buffer.concat(chunks));
    }),
  );
  const reader = unitReader();
  const handed = reader.push(Buffer.from(`\x1b]52;${"x".repeat(300_000)}`));
  expect(Buffer.concat(handed.map((unit) => unit.bytes)).length).toBeGreaterThan(200_000);
});

test("what follows Alt and a key that begins a string is typed by a person", () => {
  const reader = unitReader();
  expect(reader.push(Buffer.from("\x1b]"))).toEqual([]);
  expect(reader.flush().map((unit) => makerOf(unit, NONE))).toEqual(["person"]);
  expect(reader.push(Buffer.from("ls\r")).map((unit) => makerOf(unit, NONE))).toEqual(["person"]);
});
