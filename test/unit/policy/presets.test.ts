import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import type { Limits, Policy } from "../../../src/policy/policy.ts";
import { PRESET_NAMES } from "../../../src/policy/preset-names.ts";
import { policyWithPreset } from "../../../src/policy/presets.ts";
import { POLICY_SCHEMA } from "../../../src/system/paths.ts";
import { policyFiles } from "../../support/policy-files.ts";

const M = 60_000;

async function load(text: string): Promise<Policy> {
  return loadPolicy(join(policyFiles({ "afkill.toml": text }), "afkill.toml"));
}

describe("a preset", () => {
  it("is the default policy where none is named", () => {
    expect(policyWithPreset(undefined)).toBe(defaultPolicy);
    expect(defaultPolicy.split("\n", 1)[0]).toBe(`#:schema ${POLICY_SCHEMA}`);
  });

  it.each([
    [
      "pci-dss",
      { idleTimeoutMs: 15 * M, noTerminalMs: 15 * M, trustTtyTimes: false, heartbeats: false },
      ["8.2.8"],
      [],
    ],
    [
      "pci-dss-lock",
      {
        idleTimeoutMs: 15 * M,
        noTerminalMs: 15 * M,
        atLimit: "lock",
        trustTtyTimes: false,
        heartbeats: false,
      },
      ["8.2.8"],
      [],
    ],
    [
      "cis",
      { idleTimeoutMs: 15 * M, noTerminalMs: 15 * M, trustTtyTimes: false, heartbeats: false },
      ["5.4.3.2"],
      ["noidle"],
    ],
    [
      "stig",
      { idleTimeoutMs: 10 * M, noTerminalMs: 10 * M, trustTtyTimes: false, heartbeats: false },
      ["RHEL-09-412035", "UBTU-22-412030"],
      [],
    ],
    [
      "stig-lock",
      {
        idleTimeoutMs: 10 * M,
        noTerminalMs: 10 * M,
        atLimit: "lock",
        trustTtyTimes: false,
        heartbeats: false,
      },
      ["RHEL-08-020070", "RHEL-09-412025"],
      [],
    ],
  ] as const)("%s has its values, and the rest as by default", async (name, values, paragraphs, exempt) => {
    const text = policyWithPreset(name);
    const { base, exempt: exempted } = await load(text);
    const { base: byDefault } = await load(defaultPolicy);
    expect(base).toEqual({ ...byDefault, ...(values satisfies Partial<Limits>) });
    expect(exempted.groups).toEqual(exempt);
    for (const paragraph of paragraphs)
      expect(text).toMatch(new RegExp(`^idle_timeout = .* # .*${paragraph}`, "m"));
  });

  it.each([
    ["pci-dss-lock", "pci-dss", /8\.2\.8/],
    ["stig-lock", "stig", /RHEL-08-020040.*RHEL-09-412020/],
  ] as const)("%s is %s with a lock, and names who wants it", async (name, plain, paragraph) => {
    const [locking, closing] = await Promise.all(
      [name, plain].map(async (it) => (await load(policyWithPreset(it))).base),
    );
    expect(locking).toEqual({ ...closing, atLimit: "lock" });
    const [, remark] = /^at_limit = "lock" {2}# (.*)$/m.exec(policyWithPreset(name)) ?? [];
    expect(remark).toMatch(paragraph);
  });

  it.each(PRESET_NAMES)(
    "%s has a remark behind each value that it is about, and starts with the schema",
    (name) => {
      const text = policyWithPreset(name);
      expect(text.split("\n", 1)[0]).toBe(`#:schema ${POLICY_SCHEMA}`);
      expect(text).toMatch(/^[\n -~]*$/);
      const lines = text.split("\n");
      expect(lines.filter((line) => line.length > 120)).toEqual([]);
      const changed = lines.filter((line) => !line.startsWith("#") && !defaultPolicy.includes(`\n${line}\n`));
      expect(changed.filter((line) => !/^\w+ = .*\S {2}# .+/.test(line))).toEqual([]);
      expect(changed.length).toBeGreaterThan(1);
      expect(text).not.toContain("Every key is shown with its default.");
    },
  );
});
