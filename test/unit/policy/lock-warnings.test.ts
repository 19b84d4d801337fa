import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { loadFiles } from "../../../src/policy/load.ts";
import { lockWarnings } from "../../../src/policy/lock-warnings.ts";
import { formatProblem } from "../../../src/policy/problems.ts";
import type { Hook } from "../../../src/system/paths.ts";
import { policyFiles } from "../../support/policy-files.ts";

async function warned(files: Readonly<Record<string, string>>, hooks: readonly Hook[]): Promise<string[]> {
  const directory = policyFiles(files);
  const loaded = await loadFiles(`${directory}/afkill.toml`);
  return (await lockWarnings(loaded, hooks)).map((it) => formatProblem(it).replace(`${directory}/`, ""));
}

const LOCKS = { "afkill.toml": 'idle_timeout = "5m"\nat_limit = "lock"\n' };

describe("a policy that locks", () => {
  it("is warned of where no hook can lock, with its place", async () => {
    expect(await warned(LOCKS, ["profile"])).toEqual([
      "afkill.toml:2:1: at_limit: the limit closes the terminal there: hook profile cannot lock, only hook pam can",
    ]);
    expect(await warned(LOCKS, ["force-command", "profile"])).toEqual([
      expect.stringContaining("hook force-command and hook profile cannot lock"),
    ]);
  });

  it("is not warned of where the pam hook is, beside another one too, nor where no hook is yet", async () => {
    for (const hooks of [["pam"], ["profile", "pam"], []] as const)
      expect(await warned(LOCKS, hooks)).toEqual([]);
  });

  it("is not warned of in a rule for other hosts, which names them in any case", async () => {
    const rule = (hosts: string) => `[[rule]]\nmatch = { hosts = ["${hosts}"] }\nat_limit = "lock"\n`;
    const text = `${rule("elsewhere")}${rule(hostname().toUpperCase())}`;
    expect(await warned({ "afkill.toml": text }, ["profile"])).toEqual([
      expect.stringMatching(/^afkill\.toml:6:1: rule\[2\]\.at_limit: /),
    ]);
  });

  it("is warned of in the file that is in force, and in each rule", async () => {
    const rule = (value: string) => `[[rule]]\nmatch = {}\nat_limit = "${value}"\n`;
    const warnings = await warned(
      {
        ...LOCKS,
        "afkill.d/10.toml": `at_limit = "end"\n${rule("end")}${rule("lock")}`,
        "afkill.d/20.toml": rule("lock"),
      },
      ["profile"],
    );
    expect(warnings.map((it) => it.split(": the")[0])).toEqual([
      "afkill.d/10.toml:7:1: rule[2].at_limit",
      "afkill.d/20.toml:3:1: rule[1].at_limit",
    ]);
    const later = await warned({ "afkill.toml": "", "afkill.d/10.toml": 'at_limit = "lock"\n' }, ["profile"]);
    expect(later).toEqual([expect.stringMatching(/^afkill\.d\/10\.toml:1:1: at_limit: /)]);
  });
});

it("a policy that closes is warned of nowhere", async () => {
  expect(await warned({ "afkill.toml": 'at_limit = "end"\n[[rule]]\nmatch = {}\n' }, ["profile"])).toEqual(
    [],
  );
});
