// What the policy says of many logins at once.
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Login } from "../../../src/login/login.ts";
import { policyForMany } from "../../../src/survey/policy-for-many.ts";
import { policyFiles } from "../../support/policy-files.ts";

const ref = { pid: 1, startTicks: 1 };
const loginOf = (user: string, address = "192.0.2.7"): Login => ({
  privileged: ref,
  child: undefined,
  server: ref,
  user,
  uid: 0,
  client: { address, port: 1 } as Login["client"],
  startedBootMs: 0,
});

/** What applies to each user, in words. */
async function told(toml: string, ...users: string[]): Promise<string[]> {
  const path = join(policyFiles({ "afkill.toml": toml }), "afkill.toml");
  const logins = users.map((user) => loginOf(user));
  const policyOf = await policyForMany(path, logins);
  return logins.map((login) => {
    const { applied, complaint } = policyOf(login);
    return complaint ?? `${applied.rule} ${applied.limits.idleTimeoutMs / 1000} s`;
  });
}

const EXEMPT = '[exempt]\ngroups = ["daemon"]\n';
const RULE = '[[rule]]\nmatch = { groups = ["daemon"] }\nidle_timeout = "5m"\n';

test("groups of users are those that the system knows, of one user and of several", async () => {
  const none = "[exempt]\ngroups = []\n";
  expect(await told(EXEMPT, "root", "daemon")).toEqual(["top level 900 s", "exempt: group daemon 900 s"]);
  expect(await told(EXEMPT, "daemon", "root", "daemon")).toEqual([
    "exempt: group daemon 900 s",
    "top level 900 s",
    "exempt: group daemon 900 s",
  ]);
  expect(await told(EXEMPT, "daemon")).toEqual(["exempt: group daemon 900 s"]);
  const [byRule] = await told(none + RULE, "daemon");
  expect(byRule).toMatch(/^rule 1.* 300 s$/);
  expect(await told(none + RULE, "root")).toEqual(["top level 900 s"]);
});

test("a user whose groups are not known is told of, and the others are judged", async () => {
  const [unknown, root] = await told(EXEMPT, "nobody-of-this-name", "root");
  expect(unknown).toMatch(/^the groups of nobody-of-this-name are not known/);
  expect(root).toBe("top level 900 s");
  // Nobody asks for groups that the policy does not name.
  expect(await told("[exempt]\ngroups = []\n", "nobody-of-this-name")).toEqual(["top level 900 s"]);
});

test("the address counts, and under a policy with a mistake nobody is ended", async () => {
  const from = '[[rule]]\nmatch = { from = ["10.0.0.0/8"] }\nidle_timeout = "5m"\n';
  const path = join(policyFiles({ "afkill.toml": from }), "afkill.toml");
  const policyOf = await policyForMany(path, []);
  expect(policyOf(loginOf("root", "10.1.2.3")).applied.limits.idleTimeoutMs).toBe(300_000);
  expect(policyOf(loginOf("root")).applied.limits.idleTimeoutMs).toBe(900_000);
  const bad = await policyForMany(
    join(policyFiles({ "afkill.toml": "idle_timeout = 5\n" }), "afkill.toml"),
    [],
  );
  const { applied, complaint } = bad(loginOf("root"));
  expect([applied.exempt, complaint]).toEqual([true, expect.stringMatching(/afkill\.toml:1:/)]);
});
