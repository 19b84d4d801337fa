import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { warningsOf } from "../../../../src/commands/config/warnings.ts";
import { loadFiles } from "../../../../src/policy/load.ts";
import { policyFiles } from "../../../support/policy-files.ts";

const visibleHooks = vi.hoisted(() => vi.fn());
vi.mock("../../../../src/setup/visible-hooks.ts", () => ({ visibleHooks }));

test("of a policy are the names that this host does not know, and the locks that its hooks cannot give", async () => {
  const text = 'at_limit = "lock"\n[exempt]\nusers = ["no such user"]\n';
  const files = await loadFiles(join(policyFiles({ "afkill.toml": text }), "afkill.toml"));
  const keys = async () => (await warningsOf(files)).map(({ key }) => key);
  visibleHooks.mockReturnValue(["profile"]);
  expect(await keys()).toEqual(["exempt.users[1]", "at_limit"]);
  visibleHooks.mockReturnValue(["pam"]);
  expect(await keys()).toEqual(["exempt.users[1]"]);
});
