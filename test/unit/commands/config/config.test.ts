import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeNew } from "../../../../src/change/write-new.ts";
import { checkJson, checkLines, showJson, showLines } from "../../../../src/commands/config/text.ts";
import { loadPolicy } from "../../../../src/policy/load.ts";
import { loadWithOrigins } from "../../../../src/policy/origins.ts";
import type { PolicyError, Problem } from "../../../../src/policy/problems.ts";
import { policyToml } from "../../../../src/policy/toml.ts";
import { policyFiles, THREE_FILES } from "../../../support/policy-files.ts";

async function checked(files: Readonly<Record<string, string>>, warnings: readonly Problem[] = []) {
  const directory = policyFiles(files);
  const result = await loadPolicy(join(directory, "afkill.toml")).catch((error) => error as PolicyError);
  const lines = checkLines(result, warnings).map((line) => line.replaceAll(`${directory}/`, ""));
  return { result, lines, json: checkJson(result, warnings) };
}

describe("a check of a policy", () => {
  it("has a line for each mistake of each file", async () => {
    const { lines, json } = await checked({
      "afkill.toml": '  idle_timeout = 15\n[exempt]\nuser = ["a"]\n',
      "afkill.d/10.toml": '[[rule]]\nmatch = { from = ["10.0.0.0/8", "nowhere"] }\nbusy_max = "4 h"\n',
      "afkill.d/20.toml": 'max_login = "8h\n',
    });
    expect(lines).toEqual([
      expect.stringMatching(/^afkill\.toml:1:3: idle_timeout: expected a duration in quotes/),
      expect.stringMatching(/^afkill\.toml:3:1: exempt\.user: unknown key/),
      expect.stringMatching(/^afkill\.d\/10\.toml:2:33: rule\[1\]\.match\.from\[2\]: expected an address/),
      expect.stringMatching(/^afkill\.d\/10\.toml:3:1: rule\[1\]\.busy_max: expected a duration such as/),
      expect.stringMatching(/^afkill\.d\/20\.toml:1:\d+: Invalid TOML/),
      "5 mistakes",
    ]);
    expect(json).toMatchObject({ good: false, problems: { length: 5 } });
    expect(json.problems[0]).toMatchObject({ line: 1, column: 3, key: "idle_timeout" });
  });

  it("says what was read of a good one", async () => {
    const { lines, json } = await checked(THREE_FILES);
    expect(lines).toEqual([
      "afkill.toml",
      "afkill.d/10-staff.toml",
      "afkill.d/20-site.toml",
      "good: 3 files, 4 rules",
    ]);
    expect(json).toMatchObject({ good: true, problems: [], rules: 4, files: { length: 3 } });
  });

  it("has a line for each warning, and is good all the same", async () => {
    const warning = {
      file: "afkill.toml",
      line: 2,
      column: 9,
      key: "exempt.users[1]",
      message: "matches nobody",
    };
    const { lines, json } = await checked({ "afkill.toml": "" }, [warning]);
    expect(lines).toEqual([
      "afkill.toml",
      "afkill.toml:2:9: exempt.users[1]: warning: matches nobody",
      "good: 1 file, 0 rules, 1 warning",
    ]);
    expect(json).toMatchObject({ good: true, problems: [], warnings: [warning] });
  });

  it("prints no control character of a file's name", async () => {
    const { lines } = await checked({ "afkill.toml": "", "afkill.d/\u001b[2J.toml": "a = 1" });
    expect(lines.join("\n")).toMatch(/^[\n -~]*$/);
  });
});

describe("a policy that is shown", () => {
  it("has every key with its place, who is exempt, and each rule", async () => {
    const directory = policyFiles(THREE_FILES);
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    const text = showLines(policy, origins, undefined).join("\n").replaceAll(`${directory}/`, "");
    expect(text).toMatch(/^idle_timeout +15m +afkill\.d\/10-staff\.toml:2$/m);
    expect(text).toMatch(/^max_stay +off +default$/m);
    expect(text).toMatch(/^group +robots +afkill\.d\/10-staff\.toml:3$/m);
    expect(text).toMatch(/^user +backup +afkill\.toml:9$/m);
    expect(text).toContain(
      "Rule 1 of 4, at afkill.d/10-staff.toml:4, for groups staff; and addresses 10.0.0.0/8, 2001:db8::/32\n",
    );
    expect(text).toContain("\nThe rules are tried in this order. The first one that fits a login decides.\n");
    expect(text).toMatch(/^max_login +8h +afkill\.d\/10-staff\.toml:10$/m);
    expect(text).toMatch(/Rule 4 of 4, at afkill\.d\/20-site\.toml:2, for everybody\nchanges nothing$/);

    const json = JSON.parse(JSON.stringify(showJson(policy, origins)));
    expect(json.limits.idle_timeout).toEqual({
      value: "15m",
      valueSeconds: 900,
      setBy: { file: join(directory, "afkill.d/10-staff.toml"), line: 2, column: 1 },
    });
    expect(json.exempt.users[1]).toMatchObject({ name: "backup", setBy: { line: 9 } });
    expect(json.rules[1].limits.no_terminal).toMatchObject({ value: "1h", setBy: { line: 3 } });
  });

  it("shows a count as a number, which is no duration", async () => {
    const text = "lock_tries = 3\n[[rule]]\nmatch = {}\nlock_tries = 2\n";
    const { policy, origins } = await loadWithOrigins(join(policyFiles({ "a.toml": text }), "a.toml"));
    expect(showLines(policy, origins, undefined).join("\n")).toMatch(/^lock_tries +3 .*^lock_tries +2 /ms);
    const json = JSON.parse(JSON.stringify(showJson(policy, origins)));
    expect(json.limits.lock_tries).toEqual({ value: 3, setBy: expect.anything() });
    expect(policyToml(policy, origins)).toMatch(/^lock_tries = 3 .*^lock_tries = 2 /ms);
  });

  it("tells of all that a rule asks for, and how long exempt users may stay logged in", async () => {
    const match =
      '{ users = ["a*", "!ab"], hosts = ["db?"], kinds = ["sftp", "tunnel"], ports = [22, 2222], uids = "0, 1000-" }';
    const directory = policyFiles({
      "a.toml": `exempt.max_login = "12h"\n[[rule]]\nmatch = ${match}\n`,
    });
    const { policy, origins } = await loadWithOrigins(join(directory, "a.toml"));
    const text = showLines(policy, origins, undefined).join("\n").replaceAll(`${directory}/`, "");
    expect(text).toContain("max_login of exempt users: 12h, a.toml:1\n");
    expect(text).toContain(
      "Rule at a.toml:2, for users a*, !ab; and hosts db?; and kinds sftp, tunnel; and ports 22, 2222; and uids 0, 1000-\n",
    );
    expect(text).not.toContain("tried in this order");
    const json = JSON.parse(JSON.stringify(showJson(policy, origins)));
    expect(json.exempt.maxLogin).toMatchObject({ valueSeconds: 43_200, setBy: { line: 1 } });
    expect(json.rules[0].match).toMatchObject({ ports: [22, 2222], uids: ["0", "1000-"] });
  });

  it("says that nobody is exempt", async () => {
    const { policy, origins } = await loadWithOrigins(join(policyFiles({ "a.toml": "" }), "a.toml"));
    expect(showLines(policy, origins, undefined)).toContain("Nobody is exempt.");
  });
});

describe("a policy that is written", () => {
  it("takes no file's place unless it is told to, and leaves nothing else behind", () => {
    const directory = policyFiles({ "there.toml": "old" });
    const there = join(directory, "there.toml");
    expect(() => writeNew(there, "new", false)).toThrow("is there already; give --force to replace it");
    expect(readFileSync(there, "utf8")).toBe("old");
    writeNew(there, "new", true);
    expect(readFileSync(there, "utf8")).toBe("new");
    const umask = process.umask(0o077);
    writeNew(join(directory, "fresh.toml"), "fresh", false);
    process.umask(umask);
    expect(statSync(join(directory, "fresh.toml")).mode & 0o777).toBe(0o644);
    expect(readdirSync(directory).sort()).toEqual(["fresh.toml", "there.toml"]);
  });

  it("does not follow a link", () => {
    const directory = policyFiles({ "target.toml": "old" });
    const link = join(directory, "link.toml");
    symlinkSync(join(directory, "target.toml"), link);
    expect(() => writeNew(link, "new", false)).toThrow("is there already");
    writeNew(link, "new", true);
    expect(lstatSync(link).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(directory, "target.toml"), "utf8")).toBe("old");
  });

  it("says which directory is missing", () => {
    expect(() => writeNew("/no/such/afkill.toml", "", false)).toThrow("/no/such does not exist");
  });
});
