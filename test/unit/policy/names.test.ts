// Names in a policy that fit nobody on this host.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { loadFiles } from "../../../src/policy/load.ts";
import { unknownNames } from "../../../src/policy/names.ts";
import { formatProblem } from "../../../src/policy/problems.ts";
import { policyFiles } from "../../support/policy-files.ts";
import { testAsRoot } from "../../support/root.ts";

async function warnings(files: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = policyFiles(files);
  const found = await unknownNames(await loadFiles(join(directory, "afkill.toml")));
  return found.map((problem) => formatProblem(problem).replace(`${directory}/`, ""));
}

test("each has the place that it stands at, in whichever file", async () => {
  expect(
    await warnings({
      "afkill.toml": '[exempt]\nusers = ["root", "svc_*"]\ngroups = ["noidel", "daemon", "noidle"]\n',
      "afkill.d/1.toml":
        '[[rule]]\nmatch = { users = ["daemon"] }\n[[rule]]\nmatch = { users = ["alcie"], groups = ["!admins"] }\n',
    }),
  ).toEqual([
    'afkill.toml:2:18: exempt.users[2]: no user in /etc/passwd fits "svc_*", so it matches nobody, unless a directory has one: those are not searched',
    'afkill.toml:3:11: exempt.groups[1]: this host knows no group "noidel", so it matches nobody',
    'afkill.d/1.toml:4:20: rule[2].match.users[1]: this host knows no user "alcie", so it matches nobody',
    'afkill.d/1.toml:4:40: rule[2].match.groups[1]: this host knows no group "admins", so "!admins" excepts nobody',
  ]);
});

test("a pattern fits a user of the host, and an exception that fits nobody is told of too", async () => {
  const files = {
    "afkill.toml":
      '[exempt]\nusers = ["*", "r??t", "da*", "!dae*", "!zzz*", "!nobody-of-this-name", "a,b"]\n',
  };
  expect((await warnings(files)).map((line) => line.split(": ").slice(1).join(": "))).toEqual([
    'exempt.users[5]: no user in /etc/passwd fits "zzz*", so "!zzz*" excepts nobody, unless a directory has one: those are not searched',
    'exempt.users[6]: this host knows no user "nobody-of-this-name", so "!nobody-of-this-name" excepts nobody',
    'exempt.users[7]: this host knows no user "a,b", so it matches nobody; each name is an entry of its own',
  ]);
});

test("a number is no name, though the system finds an id by it, and a name with a hyphen first is no option", async () => {
  const [number, hyphen, ...more] = await warnings({ "afkill.toml": '[exempt]\nusers = ["0", "--help"]\n' });
  expect(number).toContain('knows no user "0"');
  expect(hyphen).toContain('knows no user "--help"');
  expect(more).toEqual([]);
});

test("the default policy has none", async () => {
  expect(await warnings({ "afkill.toml": defaultPolicy })).toEqual([]);
});

testAsRoot(
  "a directory that hangs holds nobody up, and those whom the host's own files know are known",
  () => {
    const directory = policyFiles({
      "afkill.toml": '[exempt]\nusers = ["root", "remote"]\ngroups = ["daemon"]\n',
      getent: "#!/bin/sh\nexec sleep 60\n",
    });
    const load = new URL("../../../src/policy/load.ts", import.meta.url).pathname;
    const names = new URL("../../../src/policy/names.ts", import.meta.url).pathname;
    writeFileSync(
      `${directory}/ask.mjs`,
      `import { loadFiles } from ${JSON.stringify(load)};
    import { unknownNames } from ${JSON.stringify(names)};
    console.log(JSON.stringify(await unknownNames(await loadFiles("${directory}/afkill.toml"), 1000)));`,
    );
    const script = `chmod 755 "$1/getent"; mount --bind "$1/getent" /usr/bin/getent; exec "$2" --no-warnings "$1/ask.mjs"`;
    const args = ["--mount", "sh", "-ec", script, "sh", directory, process.execPath];
    const beganMs = performance.now();
    const found = JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }));
    expect(performance.now() - beganMs).toBeLessThan(30_000);
    expect(found).toEqual([
      expect.objectContaining({
        line: 2,
        key: "exempt.users[2]",
        message: 'whether there is a user "remote" is not known: getent gave no answer in 1 s',
      }),
    ]);
  },
);
