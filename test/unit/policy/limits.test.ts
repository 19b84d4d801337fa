import { describe, expect, test } from "vitest";
import { policyJsonSchema } from "../../../scripts/build/json-schema.ts";
import { keyList } from "../../../scripts/build/man/keys.ts";
import { NO_POLICY } from "../../../src/guard/decide.ts";
import { type Memory, serialise } from "../../../src/guard/memory.ts";
import { parseMemory } from "../../../src/guard/memory-form.ts";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { type Kind, type Kinds, LIMIT_KEYS, LIMITS, type LimitKey } from "../../../src/policy/limits.ts";
import { DEFAULT_LIMITS, mergePolicy } from "../../../src/policy/merge.ts";
import { parsePolicyFile } from "../../../src/policy/parse.ts";
import { limitSeconds, limitValue } from "../../../src/policy/values.ts";
import { FULL_MEMORY } from "../../support/memories.ts";

interface Sample {
  readonly value: Kinds[Kind];
  readonly written: string;
  readonly seconds: ReturnType<typeof limitSeconds>;
}

/** A value that is nobody's default, as a file writes it and as it is read. */
const SAMPLES: Readonly<Record<Exclude<Kind, "switch">, Sample>> = {
  duration: { value: 7_000, written: '"7s"', seconds: 7 },
  notices: { value: [9_000, 7_000], written: '["7s", "9s"]', seconds: [9, 7] },
  sources: { value: ["input", "output"], written: '["input", "output"]', seconds: undefined },
  ending: { value: "lock", written: '"lock"', seconds: undefined },
  count: { value: 7, written: "7", seconds: undefined },
  line: { value: "Help desk?", written: '"Help desk?"', seconds: undefined },
};

function sampleOf(key: LimitKey): Sample {
  const { kind, byDefault } = LIMITS[key];
  if (kind !== "switch") return SAMPLES[kind];
  return { value: !byDefault, written: String(!byDefault), seconds: undefined };
}

function policyOf(text: string) {
  const parsed = parsePolicyFile({ file: "afkill.toml", text });
  if (!("content" in parsed)) throw new Error(JSON.stringify(parsed.faults));
  return mergePolicy([parsed]);
}

/** A default in a file for programs, as it stands in one for people. */
const onOneLine = (value: unknown) => JSON.stringify(value).replaceAll(",", ", ");

/** A memory whose last good policy had these limits. */
const remembering = (limits: object) =>
  ({ ...FULL_MEMORY, lastGood: { rule: "top level", exempt: false, limits } }) as Memory;

/** Those of the first memories: a memory without them is none. */
const FIRST_KEYS: readonly LimitKey[] = [
  "idle_timeout",
  "warn_before",
  "activity",
  "busy_max",
  "no_terminal",
  "max_login",
  "message",
];

test("no two rows fill the same field", () => {
  expect(Object.keys(DEFAULT_LIMITS)).toHaveLength(LIMIT_KEYS.length);
});

describe.each(LIMIT_KEYS)("%s", (key) => {
  const { field, byDefault, harmless, about, comment } = LIMITS[key];
  const { value, written, seconds } = sampleOf(key);
  const set = { ...DEFAULT_LIMITS, [field]: value };

  test("is read at the top level and in a rule, which else has it from there", () => {
    expect(policyOf("").base[field]).toEqual(byDefault);
    const { base, rules } = policyOf(`${key} = ${written}\n[[rule]]\nmatch = {}`);
    expect([base, rules[0]?.limits]).toEqual([set, set]);
    const inRule = policyOf(`[[rule]]\nmatch = {}\n${key} = ${written}`);
    expect([inRule.base, inRule.rules[0]?.limits]).toEqual([DEFAULT_LIMITS, set]);
  });

  test("is told as a file writes it, and in seconds", () => {
    expect(policyOf(`${key} = ${onOneLine(limitValue(set, key))}`).base).toEqual(set);
    expect(limitSeconds(set, key)).toEqual(seconds);
  });

  test("stands in the policy that install writes, with its default below what it does", () => {
    const lines = comment.map((line) => `# ${line}\n`).join("");
    expect(defaultPolicy).toContain(`\n\n${lines}${key} = ${onOneLine(limitValue(DEFAULT_LIMITS, key))}\n\n`);
    expect(Math.max(...lines.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test("has words and its default in the JSON Schema and in the manual", () => {
    const preset = limitValue(DEFAULT_LIMITS, key);
    expect(policyJsonSchema().properties?.[key]).toMatchObject({ description: about, default: preset });
    const from = keyList("").findIndex((line) => line.startsWith(`.It Va "${key}" No = Ar `));
    const item = keyList("").slice(from, from + 12);
    expect(item.indexOf("The default is")).toBeGreaterThan(1);
    expect(item[item.indexOf("The default is") + 1]).toBe(
      `.Li "${onOneLine(preset).replaceAll('"', "\\(dq")}" .`,
    );
  });

  test("outlives a check, set, harmless or by default", () => {
    for (const limits of [set, NO_POLICY.limits, DEFAULT_LIMITS])
      expect(parseMemory(serialise(remembering(limits))).lastGood?.limits).toEqual(limits);
  });

  test("ends nobody where no policy can be had, nor in a memory that lacks it, unless that is no memory", () => {
    expect(NO_POLICY.limits[field]).toEqual(harmless);
    const { [field]: _, ...others } = set;
    const older = serialise(remembering(others));
    if (FIRST_KEYS.includes(key)) expect(() => parseMemory(older)).toThrow(field);
    else expect(parseMemory(older).lastGood?.limits).toEqual({ ...others, [field]: harmless });
  });
});
