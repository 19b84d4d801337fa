import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, newAnswer } from "../../../src/lock/answer.ts";

/** Feeds a text in the pieces given, all at one moment. Returns the finished answers, and how many characters stand. */
function feed(answer: Answer, ...pieces: (string | Buffer)[]) {
  const lines: string[] = [];
  let shown = 0;
  for (const piece of pieces) {
    const fed = answer.feed(Buffer.from(piece));
    if (fed.line) lines.push(fed.line.toString());
    ({ shown } = fed);
  }
  return { lines, shown };
}

test("Enter ends an answer, as CR and as LF", () => {
  const answer = newAnswer();
  expect(feed(answer, "se", "cret")).toEqual({ lines: [], shown: 6 });
  expect(feed(answer, "\r")).toEqual({ lines: ["secret"], shown: 0 });
  expect(feed(answer, "again\n")).toEqual({ lines: ["again"], shown: 0 });
  expect(feed(answer, "\r")).toEqual({ lines: [""], shown: 0 });
});

test("a key takes back a whole character, ^U everything, and no other control key does anything", () => {
  const answer = newAnswer();
  expect(feed(answer, "aé€\x7f").shown).toBe(2);
  expect(feed(answer, "\b\x08\x7f").shown).toBe(0);
  expect(feed(answer, "wrong\x15right\x00\x01\x03\x04\x09\x0c\x1a\x1c\r").lines).toEqual(["right"]);
});

test("what was typed ahead of a question is dropped", () => {
  const answer = newAnswer();
  expect(feed(answer, "first\rsecond\rthi")).toEqual({ lines: ["first"], shown: 0 });
  expect(feed(answer, "x\r").lines).toEqual(["x"]);
});

test("an answer that PAM could not take is empty, whatever of it was taken back", () => {
  const answer = newAnswer();
  expect(feed(answer, "x".repeat(511), "\r").lines).toEqual(["x".repeat(511)]);
  expect(feed(answer, "x".repeat(512), "\r").lines).toEqual([""]);
  expect(feed(answer, "x".repeat(600), "\x7f".repeat(600), "y\r").lines).toEqual([""]);
  expect(feed(answer, "x".repeat(600), "\x15", "y\r").lines).toEqual(["y"]);
});

test("what was read is filled with 0", () => {
  const bytes = Buffer.from("secret\rmore\x1b[A");
  newAnswer().feed(bytes);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});

test("an answer that may be seen is printable ASCII", () => {
  const answer = newAnswer();
  feed(answer, "123 é€\xc2\x9b");
  expect(answer.text()).toBe("123 ????");
  answer.clear();
  expect(answer.text()).toBe("");
});

describe("sequences", () => {
  const csi = fc
    .tuple(fc.stringMatching(/^[<=>?]?[0-9;:]{0,12}[ -/]{0,2}$/), fc.stringMatching(/^[@-LN-Z\\-~]$/))
    .map(([parameters, final]) => `\x1b[${parameters}${final}`)
    .filter((it) => !/\x1b\[200~/.test(it));
  const string = fc
    .tuple(
      fc.constantFrom("]", "P", "X", "^", "_"),
      fc.stringMatching(/^[ -~]{0,60}$/),
      fc.constantFrom("\x07", "\x1b\\"),
    )
    .map(([begin, text, end]) => `\x1b${begin}${text}${end}`);
  const mouse = fc
    .tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 32, max: 255 })))
    .map((bytes) => Buffer.concat([Buffer.from("\x1b[M"), Buffer.from(bytes)]));
  const sgr = fc
    .tuple(fc.integer({ min: 0, max: 99 }), fc.nat(999), fc.nat(999), fc.constantFrom("M", "m"))
    .map(([button, x, y, final]) => `\x1b[<${button};${x};${y}${final}`);
  const keys = fc.constantFrom("\x1bOA", "\x1bO5P", "\x1b[[A", "\x1bx", "\x1b\x1b[A", "\x1b[I", "\x1b[O");
  const answers = fc.constantFrom(
    "\x1b[?1049;2$y",
    "\x1b[?64;1;9;15c",
    "\x1b[>41;354;0c",
    "\x1b[24;80R",
    "\x1b]11;rgb:0/0/0\x1b\\",
  );
  const sequences = fc
    .array(fc.oneof(csi, string, mouse, sgr, keys, answers), { maxLength: 20 })
    .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));
  const cuts = fc.array(fc.nat(), { maxLength: 30 });

  /** The bytes in pieces that end at random places. */
  function inPieces(bytes: Buffer, at: readonly number[]): Buffer[] {
    const ends = [...at.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
    return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  }

  test("they neither end an answer nor leave anything of themselves, however they are cut", () => {
    fc.assert(
      fc.property(sequences, sequences, cuts, (before, between, at) => {
        const answer = newAnswer(() => 0);
        const bytes = Buffer.concat([before, Buffer.from("\x1b[Zse"), between, Buffer.from("\x1b[Zcret")]);
        expect(feed(answer, ...inPieces(bytes, at))).toEqual({ lines: [], shown: 6 });
        expect(feed(answer, "\r").lines).toEqual(["secret"]);
      }),
    );
  });

  test("a pasted password is one, and the Enter in a paste ends nothing", () => {
    const answer = newAnswer();
    expect(feed(answer, "\x1b[20", "0~sec\x03ret\r\n\x1b[2", "01~")).toEqual({ lines: [], shown: 6 });
    expect(feed(answer, "\r").lines).toEqual(["secret"]);
  });

  test("a paste of a megabyte is no answer", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1000, maxLength: 1000 }), fc.boolean(), (pattern, bracketed) => {
        const content = Buffer.alloc(
          1 << 20,
          Buffer.from(pattern).map((byte) => (byte === 0x1b || byte === 0x15 ? 0x41 : byte)),
        );
        const answer = newAnswer(() => 0);
        const body = bracketed ? content : content.map((byte) => (byte === 10 || byte === 13 ? 0x41 : byte));
        const pieces = bracketed ? ["\x1b[200~", Buffer.from(body), "\x1b[201~"] : [Buffer.from(body)];
        const { lines, shown } = feed(answer, ...pieces);
        expect(lines).toEqual([]);
        expect(shown).toBeLessThanOrEqual(511);
        expect(feed(answer, "\r").lines).toEqual([""]);
      }),
      { numRuns: 5 },
    );
  });

  test("an Enter within a sequence that never ends forgets what stands, and is no answer", () => {
    for (const begun of ["\x1b]cd", "\x1bPcd", "\x1b[12", "\x1bO1", "\x1b", "\x1b[M!"]) {
      const answer = newAnswer(() => 0);
      expect(feed(answer, `ab${begun}\rx`)).toEqual({ lines: [], shown: 1 });
      expect(feed(answer, "right\r").lines).toEqual(["xright"]);
    }
  });

  test("a sequence whose end was lost swallows nothing more after a while", () => {
    let nowMs = 0;
    const answer = newAnswer(() => nowMs);
    for (const [begun, waitMs] of [
      ["\x1b", 400],
      ["\x1b]0;", 6_000],
      ["\x1b[", 6_000],
      ["\x1b[M", 6_000],
      ["\x1b[200~", 6_000],
    ] as const) {
      feed(answer, begun);
      nowMs += waitMs;
      expect(feed(answer, "right\r").lines).toEqual(["right"]);
    }
  });
});
