// Patterns of names, as sshd_config(5) has them: by examples, and against a matcher that is too simple to be wrong.
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { canFit, decidingEntry, fitsList, fitsPattern, isNegated } from "../../../src/policy/pattern.ts";

describe("a pattern", () => {
  it.each([
    ["svc_backup", "svc_*", true],
    ["svc_", "svc_*", true],
    ["svc", "svc_*", false],
    ["xsvc_a", "svc_*", false],
    ["alice", "alice", true],
    ["alice", "Alice", false],
    ["alice", "alic", false],
    ["alice", "alicee", false],
    ["alice", "*", true],
    ["", "*", true],
    ["", "", true],
    ["", "?", false],
    ["alice", "a?ice", true],
    ["alice", "?????", true],
    ["alice", "????", false],
    ["alice", "??????", false],
    ["web10.example.org", "web??.*.org", true],
    ["aab", "*ab", true],
    ["abcabd", "*ab?", true],
    ["abcabd", "*abc", false],
    ["été", "?t?", true],
    ["a\u{1f600}b", "a?b", true],
    ["a.c", "a.c", true],
    ["abc", "a.c", false],
    ["[a]", "[a]", true],
    ["a", "[a]", false],
    ["a\\*", "a\\*", true],
    ["domain users", "domain *", true],
    ["a\nb", "a*b", true],
    ["a\nb", "a?b", true],
  ])("%j fits %j: %s", (text, pattern, expected) => {
    expect(fitsPattern(text, pattern)).toBe(expected);
  });

  /** Tries each length of each `*`. */
  function naive(text: readonly string[], pattern: readonly string[]): boolean {
    const [sign, ...rest] = pattern;
    if (sign === undefined) return text.length === 0;
    if (sign === "*") return text.some((_, at) => naive(text.slice(at), rest)) || naive([], rest);
    return text.length > 0 && (sign === "?" || sign === text[0]) && naive(text.slice(1), rest);
  }

  test("fits what a naive matcher says", () => {
    const few = (letters: string, maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...letters), maxLength });
    fc.assert(
      fc.property(few("ab", 8), few("ab*?", 8), (text, pattern) => {
        expect(fitsPattern(text, pattern)).toBe(naive([...text], [...pattern]));
      }),
      { numRuns: 5000 },
    );
  });

  test("takes no time to speak of, whoever wrote it", () => {
    const beganMs = performance.now();
    expect(fitsPattern("a".repeat(5000), `${"*a".repeat(500)}*b`)).toBe(false);
    expect(fitsPattern(`${"a".repeat(5000)}b`, `${"*a".repeat(500)}*b`)).toBe(true);
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });
});

describe("a list", () => {
  it.each<[readonly string[], readonly string[], boolean]>([
    [["svc_a"], ["svc_*", "!svc_b"], true],
    [["svc_b"], ["svc_*", "!svc_b"], false],
    [["svc_b"], ["!svc_b", "svc_*"], false],
    [["alice"], ["!bob"], false],
    [["alice"], ["*", "!bob"], true],
    [["alice"], [], false],
    [[], ["*"], false],
    [["staff", "admins"], ["staff", "!admins"], false],
    [["staff", "admins"], ["!ops*", "adm*"], true],
  ])("%j fits %j: %s", (names, entries, expected) => {
    expect(fitsList(entries, names)).toBe(expected);
  });

  it("names the entry that decides", () => {
    expect(decidingEntry(["a", "b*", "bc", "!bd"], ["bc"])).toEqual({ index: 1, isException: false });
    expect(decidingEntry(["a", "b*", "bc", "!bd"], ["bd"])).toEqual({ index: 3, isException: true });
    expect(decidingEntry(["a", "!b"], ["c"])).toBeUndefined();
  });

  test("fits where an entry fits and no exception does", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 4 });
    const entry = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 4 });
    const list = fc.array(
      fc.tuple(fc.boolean(), entry).map(([isException, it]) => (isException ? `!${it}` : it)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 3 }), list, (names, entries) => {
        const fitting = entries.filter((it) => names.some((own) => fitsPattern(own, it.replace(/^!/, ""))));
        expect(fitsList(entries, names)).toBe(fitting.length > 0 && !fitting.some(isNegated));
        if (!canFit(entries)) expect(fitsList(entries, names)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
