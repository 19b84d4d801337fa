import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { warningsOf } from "../../../../src/commands/config/warnings.ts";
import { loadFiles } from "../../../../src/policy/load.ts";
import { policyFiles } from "../../../support/policy-files.ts";

const visibleHooks = vi.hoisted(() => vi.fn());
vi.mock("../../../../src/setup/visible-hooks.ts", () => ({ visibleHooks }));

test("of a policy are all that fits nobody here, and the locks that its hooks cannot give", async () => {
  const text =
    'at_limit = "lock"\n[exempt]\nusers = ["no such user"]\n[[rule]]\nmatch = { hosts = ["elsewhere"], uids = "9-1" }\n';
  const files = await loadFiles(join(policyFiles({ "afkill.toml": text }), "afkill.toml"));
  const keys = async () => (await warningsOf(files)).map(({ key }) => key);
  visibleHooks.mockReturnValue(["profile"]);
  const unfit = ["rule[1].match.uids", "rule[1].match.hosts", "exempt.users[1]"];
  expect(await keys()).toEqual([...unfit, "at_limit"]);
  visibleHooks.mockReturnValue(["pam"]);
  expect(await keys()).toEqual(unfit);
});
