// What in a policy fits nobody on this host.
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadFiles } from "../../../src/policy/load.ts";
import { unknownNames } from "../../../src/policy/names.ts";
import { formatProblem, type Problem } from "../../../src/policy/problems.ts";
import { rulesForOthers, unfitEntries } from "../../../src/policy/unfit.ts";
import { policyFiles } from "../../support/policy-files.ts";

type Files = Readonly<Record<string, string>>;

async function found(files: Files, find: (of: Awaited<ReturnType<typeof loadFiles>>) => Promise<Problem[]>) {
  const directory = policyFiles(files);
  const problems = await find(await loadFiles(join(directory, "afkill.toml")));
  return problems.map((problem) => formatProblem(problem).replace(`${directory}/`, ""));
}

test("a list of exceptions, and an empty range of numbers, wherever they are", async () => {
  const files = {
    "afkill.toml": '[[rule]]\nmatch = { users = ["!a"], groups = ["b", "!c"], from = ["!10.0.0.0/8"] }\n',
    "afkill.d/1.toml": '[[rule]]\nmatch = { uids = "5-1, 7", hosts = ["!x"] }\n',
  };
  expect(await found(files, unfitEntries)).toEqual([
    'afkill.toml:2:11: rule[1].match.users: it has only exceptions, so it matches nobody; add "*"',
    'afkill.toml:2:49: rule[1].match.from: it has only exceptions, so it matches nobody; add "0.0.0.0/0" and "::/0"',
    'afkill.d/1.toml:2:28: rule[1].match.hosts: it has only exceptions, so it matches nobody; add "*"',
    'afkill.d/1.toml:2:11: rule[1].match.uids: the range "5-1" is empty, so it matches nobody',
  ]);
});

test("exceptions from an exemption that another file gives are none", async () => {
  const without = async (main: string, dropIn: string) =>
    (await found({ "afkill.toml": main, "afkill.d/1.toml": dropIn }, unfitEntries)).length;
  expect(await without('exempt.users = ["svc_*"]', 'exempt.users = ["!svc_web"]')).toBe(0);
  expect(await without('exempt.groups = ["noidle"]', 'exempt.users = ["!root"]')).toBe(0);
  expect(await without('exempt.groups = ["noidle"]', 'exempt.groups = ["!admins"]')).toBe(0);
  expect(await without('exempt.users = ["svc_*"]', 'exempt.groups = ["!admins"]')).toBe(1);
  expect(await without("", 'exempt.users = ["!root"]')).toBe(1);
});

test("a rule for other hosts, and nobody it names is asked for", async () => {
  const files = {
    "afkill.toml": `[[rule]]
match = { hosts = ["db*", "!db9"], users = ["nobody-of-this-name"] }
[[rule]]
match = { hosts = ["*"], users = ["nobody-of-that-name"] }
`,
  };
  const onHost = (...names: string[]) => found(files, (of) => rulesForOthers(of, names));
  expect(await onHost("db1.example.org", "db1")).toEqual([]);
  for (const names of [["web1"], ["db9.example.org", "db9"]])
    expect(await onHost(...names)).toEqual([
      `afkill.toml:2:11: rule[1].match.hosts: this host is ${names.join(", ")}, so the rule matches nobody here`,
    ]);
  expect(await found(files, unknownNames)).toEqual([
    'afkill.toml:4:35: rule[2].match.users[1]: this host knows no user "nobody-of-that-name", so it matches nobody',
  ]);
});
