// The rules of the text format, version 0.0.4, read back as Prometheus reads it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { exposition, type Family } from "../../../../src/commands/metrics/exposition.ts";

const gauge = (more: Partial<Family>): Family => ({
  name: "x_seconds",
  type: "gauge",
  help: "Help.",
  samples: [{ value: 1 }],
  ...more,
});

/** Splits a text at its line feeds, and at nothing else: a carriage return is part of a line. */
const linesOf = (text: string) => text.split("\n");

/** What a backslash and the character after it mean. In a help text a quote has no need of one. */
const unescaped = (text: string) => text.replace(/\\([\\n"])/g, (_, c) => (c === "n" ? "\n" : c));

test("a family has its help, its type, then its samples; the last line ends too", () => {
  expect(
    exposition([
      gauge({
        samples: [
          { labels: { a: "b", c: "d" }, value: 1.5 },
          { labels: { a: "e" }, value: 0 },
        ],
      }),
      { name: "y_total", type: "counter", help: "More.", samples: [{ value: 2 }] },
    ]),
  ).toBe(`# HELP x_seconds Help.
# TYPE x_seconds gauge
x_seconds{a="b",c="d"} 1.5
x_seconds{a="e"} 0

# HELP y_total More.
# TYPE y_total counter
y_total 2
`);
});

test("a help text escapes the backslash and the line feed, and leaves the quote", () => {
  expect(linesOf(exposition([gauge({ help: 'a\\b\nc"d\\n' })]))[0]).toBe(
    '# HELP x_seconds a\\\\b\\nc"d\\\\n',
  );
});

test("the value of a label escapes the backslash, the line feed and the quote", () => {
  const samples = [{ labels: { a: 'a\\b\nc"d\\n' }, value: 1 }];
  expect(linesOf(exposition([gauge({ samples })]))[2]).toBe('x_seconds{a="a\\\\b\\nc\\"d\\\\n"} 1');
});

test("any text comes back from a help and from a label as it went in, on a line of its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (help, label) => {
      const lines = linesOf(exposition([gauge({ help, samples: [{ labels: { a: label }, value: 1 }] })]));
      expect(lines).toHaveLength(4);
      expect(unescaped((lines[0] ?? "").slice("# HELP x_seconds ".length))).toBe(help);
      const [, between = ""] = /^x_seconds\{a="((?:[^"\\]|\\[\\n"])*)"\} 1$/.exec(lines[2] ?? "") ?? [];
      expect(unescaped(between)).toBe(label);
    }),
  );
});

test("any number is written as Go reads one, and comes back", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = linesOf(exposition([gauge({ samples: [{ value }] })]))[2]?.slice("x_seconds ".length);
      expect(text).toMatch(/^(-?\d+(\.\d+)?(e[+-]\d+)?|-?Infinity|NaN)$/);
      expect(Number(text)).toBe(Object.is(value, -0) ? 0 : value);
    }),
  );
});
