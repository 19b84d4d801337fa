import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadPolicy } from "../../../src/policy/load.ts";
import { loadWithOrigins, type Origin } from "../../../src/policy/origins.ts";
import { PolicyError } from "../../../src/policy/problems.ts";
import { policyToml } from "../../../src/policy/toml.ts";
import { policyFiles, THREE_FILES } from "../../support/policy-files.ts";

/** `FILE:LINE:COLUMN`, without the directory. */
function short(origin: Origin | undefined, directory: string): string | undefined {
  return origin && `${origin.file.replace(`${directory}/`, "")}:${origin.line}:${origin.column}`;
}

describe("where a policy was set", () => {
  it("is the file and line that won, for each key of the top level; no place means the default", async () => {
    const directory = policyFiles(THREE_FILES);
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    expect(policy).toEqual(await loadPolicy(join(directory, "afkill.toml")));
    const places = Object.entries(origins.base).map(([key, origin]) => [key, short(origin, directory)]);
    expect(Object.fromEntries(places)).toEqual({
      idle_timeout: "afkill.d/10-staff.toml:2:1",
      warn_before: "afkill.toml:2:1",
      no_terminal: "afkill.toml:3:1",
      busy_max: "afkill.d/20-site.toml:1:1",
    });
  });

  it("is known of each exempt name", async () => {
    const directory = policyFiles(THREE_FILES);
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    expect(policy.exempt).toMatchObject({ users: ["deploy", "backup"], groups: ["noidle", "robots"] });
    expect(origins.exempt.users.map((at) => short(at, directory))).toEqual([
      "afkill.toml:8:3",
      "afkill.toml:9:3",
    ]);
    expect(origins.exempt.groups.map((at) => short(at, directory))).toEqual([
      "afkill.toml:6:11",
      "afkill.d/10-staff.toml:3:18",
    ]);
  });

  it("is known of the age that an exempt login may reach: the last file counts", async () => {
    const files = {
      "afkill.toml": 'exempt.max_login = "1h"\n',
      "afkill.d/1.toml": '[exempt]\nmax_login = "2h"\n',
      "afkill.d/2.toml": '[exempt]\nusers = ["a"]\n',
    };
    const directory = policyFiles(files);
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    expect(policy.exempt.maxLoginMs).toBe(7_200_000);
    expect(short(origins.exempt.maxLogin, directory)).toBe("afkill.d/1.toml:2:1");
  });

  it("is known of rules in the order in which they are tried: those of the drop-ins first", async () => {
    const rule = (message: string) => `[[rule]]\nmatch = {}\nmessage = "${message}"\n`;
    const directory = policyFiles({
      "afkill.toml": rule("main"),
      "afkill.d/20.toml": rule("late"),
      "afkill.d/10.toml": rule("early"),
    });
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    expect(policy.rules.map(({ limits }) => limits.message)).toEqual(["early", "late", "main"]);
    expect(origins.rules.map(({ at }) => short(at, directory))).toEqual([
      ...["afkill.d/10.toml:1:1", "afkill.d/20.toml:1:1", "afkill.toml:1:1"],
    ]);
  });

  it("is known of each rule, however it is written, and of the keys that it sets or inherits", async () => {
    const directory = policyFiles(THREE_FILES);
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    expect(origins.rules.map(({ at }) => short(at, directory))).toEqual([
      "afkill.d/10-staff.toml:4:1",
      "afkill.d/10-staff.toml:8:1",
      "afkill.d/20-site.toml:2:9",
      "afkill.d/20-site.toml:2:67",
    ]);
    expect(origins.rules).toHaveLength(policy.rules.length);
    const [, second, third, fourth] = origins.rules;
    expect(Object.keys(second?.own ?? {})).toEqual(["idle_timeout", "max_login"]);
    expect(short(second?.all.idle_timeout, directory)).toBe("afkill.d/10-staff.toml:11:1");
    expect(short(second?.all.max_login, directory)).toBe("afkill.d/10-staff.toml:10:1");
    expect(short(second?.all.no_terminal, directory)).toBe("afkill.toml:3:1");
    expect(second?.all.max_stay).toBeUndefined();
    expect(short(third?.all.no_terminal, directory)).toBe("afkill.d/20-site.toml:2:44");
    expect(fourth?.own).toEqual({});
    expect(fourth?.all).toEqual(origins.base);
  });

  it("is not told of a bad policy: its problems are", async () => {
    const directory = policyFiles({ "afkill.toml": "idle_timeout = 1" });
    await expect(loadWithOrigins(join(directory, "afkill.toml"))).rejects.toBeInstanceOf(PolicyError);
  });
});

describe("a policy as one file", () => {
  it("means the same as its files, and names the place of each line", async () => {
    const directory = policyFiles({
      ...THREE_FILES,
      "afkill.d/30.toml": `message = "Say \\"yes\\" \\\\ #no"
[exempt]
users = ["a'b", "été", "q\\"q", "!svc_*"]
max_login = "12h"
[[rule]]
match = { hosts = ["db*"], kinds = ["sftp", "tunnel"], ports = [22, 2222], uids = "0, 1000-", from = ["!::1"] }
`,
    });
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    const text = policyToml(policy, origins);
    const again = await loadPolicy(join(policyFiles({ "one.toml": text }), "one.toml"));
    const anonymous = ({ base, exempt, rules }: typeof policy) => ({
      base,
      exempt,
      rules: rules.map(({ match, limits }) => ({ match, limits })),
    });
    expect(anonymous(again)).toEqual(anonymous(policy));
    expect(text).toContain(`idle_timeout = "15m"  # ${directory}/afkill.d/10-staff.toml:2\n`);
    expect(text).toContain(`"noidle",  # ${directory}/afkill.toml:6\n`);
    expect(text).toContain(`[[rule]]  # ${directory}/afkill.d/10-staff.toml:8\n`);
    expect(text).toContain('max_stay = "off"  # default\n');
    expect(text).toContain(`max_login = "12h"  # ${directory}/afkill.d/30.toml:4\n`);
    // A rule has what it sets itself, no more.
    expect(text.match(/^max_stay = /gm)).toHaveLength(1);
  });

  it("stays one whatever a file is called", async () => {
    const directory = policyFiles({
      "afkill.toml": "",
      'afkill.d/x\nidle_timeout = "off"\u001b[2J.toml': 'idle_timeout = "1m"',
    });
    const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
    const text = policyToml(policy, origins);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text.match(/^idle_timeout = /gm)).toHaveLength(1);
  });
});
