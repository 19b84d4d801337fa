// The names of users, groups and hosts, and addresses, that a login brings: whatever they are, a policy answers soon and says who was meant.
import fc from "fast-check";
import { expect, test } from "vitest";
import { explain } from "../../src/commands/explain/explain.ts";
import { explanationLines } from "../../src/commands/explain/text.ts";
import { apply, asksForGroups } from "../../src/policy/apply.ts";
import { matchWith } from "../../src/policy/match.ts";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";
import { decidingEntry, fitsPattern } from "../../src/policy/pattern.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { hostNames } from "../../src/system/host-names.ts";
import { hostileText, SEED } from "../support/mutations.ts";

const RUNS = { numRuns: 400, ...SEED };
const NAMES = [
  "alice",
  "svc_*",
  "!admins",
  "domain users",
  "$(id)",
  "a.b*c?",
  "[a-z]+",
  "^$",
  "\\",
  "!!",
  "*",
];
const name = hostileText(...NAMES);
const address = hostileText("10.1.2.3", "::ffff:10.1.2.3", "fe80::1%eth0", "!10.0.0.0/8", "UNKNOWN");

/** A policy whose patterns are hostile as well. */
function policyOf(entries: readonly string[]): Policy {
  const match = { users: entries, groups: entries, hosts: entries, from: ["!10.0.0.0/8", "0.0.0.0/0"] };
  return {
    base: DEFAULT_LIMITS,
    exempt: { users: ["!mallory", ...entries], groups: ["noidle"], maxLoginMs: 1000 },
    rules: [{ name: "rule", match: matchWith(match), limits: DEFAULT_LIMITS }],
    files: ["afkill.toml"],
  };
}

test("a pattern is a name in which only * and ? are more than themselves", () => {
  fc.assert(
    fc.property(name, name, (text, other) => {
      if (!/[*?]/.test(text)) expect(fitsPattern(other, text)).toBe(other === text);
      expect(fitsPattern(text, text)).toBe(true);
      expect(fitsPattern(text, "*")).toBe(true);
      expect(fitsPattern(text, "?".repeat([...text].length))).toBe(true);
      expect(fitsPattern(`${other}${text}`, `*${text}`)).toBe(true);
    }),
    RUNS,
  );
});

test("nobody is meant by a name that looks like a pattern or an exception", () => {
  fc.assert(
    fc.property(name, (user) => {
      const decides = decidingEntry(["svc_web", "noidle", "!root"], [user]) !== undefined;
      expect(decides).toBe(["svc_web", "noidle", "root"].includes(user));
    }),
    { ...RUNS, examples: [["root"], ["!root"], ["*"], ["svc_?eb"], ["__proto__"], ["constructor"]] },
  );
});

test("a policy has an answer for anybody, and it is told without a character that is not seen", () => {
  const origin = { file: "afkill.toml", line: 1, column: 1 };
  fc.assert(
    fc.property(
      name,
      fc.array(name, { maxLength: 4 }),
      address,
      fc.array(name),
      (user, groups, from, entries) => {
        const policy = policyOf(entries);
        const origins = {
          base: {},
          exempt: { users: policy.exempt.users.map(() => origin), groups: [origin], maxLogin: origin },
          rules: [{ at: origin, own: {}, all: {} }],
        };
        const subject = { user, uid: 1, groups, address: from, port: 22, hosts: hostNames(user) };
        expect(typeof asksForGroups(policy, subject)).toBe("boolean");
        expect(["rule", "top level"]).toContain(apply(policy, subject).rule.replace(/^exempt: .*/s, "rule"));
        const lines = explanationLines(explain(policy, origins, subject), "option", new Date(0), 100);
        expect(lines.join("\n")).not.toMatch(/(?!\n)\p{Cc}|[\u202a-\u202e\u2028]/u);
      },
    ),
    RUNS,
  );
});

test.each(["*", "?", "!", "*a", "a*?", "é"])("thousands of %s take no time", (part) => {
  const long = part.repeat(2_000);
  const beganMs = performance.now();
  fitsPattern(long, long);
  fitsPattern("a".repeat(2_000), long);
  fitsPattern(long, `${long}b`);
  apply(policyOf(Array.from({ length: 200 }, () => `${part}*${part}`)), {
    user: long,
    groups: [long],
    hosts: [long],
  });
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});
