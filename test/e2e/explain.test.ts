// The policy as an administrator meets it: `explain` and `config` of an installed afkill, on a host with users, groups and drop-ins.
import { Ajv } from "ajv";
import { parse } from "smol-toml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRESET_NAMES } from "../../src/policy/preset-names.ts";
import { type Lab, startLab } from "../lab/lab.ts";
import { atPrompt, auditWithEnd, policyOfSeconds, type } from "../support/logins.ts";

const SCHEMA = "/usr/lib/afkill/dist/afkill.schema.json";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    hook: "pam",
    policy: `${policyOfSeconds('message = "main"')}
[exempt]
groups = ["noidle"]
`,
  });
  await lab.must("mkdir -p /etc/afkill/afkill.d");
  await lab.write(
    "/etc/afkill/afkill.d/10-staff.toml",
    `[[rule]]
match = { groups = ["staff"], from = ["10.0.0.0/8"] }
idle_timeout = "30m"
[[rule]]
match = { users = ["ops"] }
max_login = "8h"
`,
  );
  await lab.write(
    "/etc/afkill/afkill.d/20-site.toml",
    `# site
no_terminal = "1h"
exempt.users = ["deploy"]
`,
  );
  await lab.must("groupadd -f staff && groupadd -f noidle");
  await lab.addUser("ops", { groups: ["staff"] });
  await lab.addUser("deploy");
  await lab.addUser("robot", { groups: ["noidle"] });
  await lab.addUser("walker");
});
afterAll(() => lab.stop());

describe.concurrent("explain", () => {
  test("names rule, file and line for a policy of three files, with the groups of the system", async () => {
    const text = await lab.must("afkill explain ops");
    expect(text).toMatch(/^groups +ops, staff$/m);
    expect(text).toContain("Applies: the rule at /etc/afkill/afkill.d/10-staff.toml:4.");
    expect(text).toMatch(/^\/etc\/afkill\/afkill\.d\/10-staff\.toml:1 +no: the address is not known/m);
    expect(text).toMatch(/^idle_timeout +\d+s +\/etc\/afkill\/afkill\.toml:\d+$/m);
    expect(text).toMatch(/^max_login +8h +\/etc\/afkill\/afkill\.d\/10-staff\.toml:6$/m);
    expect(text).toMatch(/^no_terminal +1h +\/etc\/afkill\/afkill\.d\/20-site\.toml:2$/m);
    expect(text).toMatch(/^max_stay +off +default$/m);

    const from = await lab.must("afkill explain ops --from 10.1.2.3");
    expect(from).toContain("Applies: the rule at /etc/afkill/afkill.d/10-staff.toml:1.");
    expect(from).toMatch(/in 30 min +the terminal is closed/);
    const other = await lab.must("afkill explain ops --from 10.1.2.3 --groups wheel,noidle");
    expect(other).toContain("Exempt: group noidle, /etc/afkill/afkill.toml:");
    expect(other).toContain("without that, the rule at /etc/afkill/afkill.d/10-staff.toml:4 would apply.");
  });

  test("names what exempts a user, and where", async () => {
    expect(await lab.must("afkill explain deploy")).toContain(
      "Exempt: user deploy, /etc/afkill/afkill.d/20-site.toml:3.",
    );
    const json = JSON.parse(await lab.must("afkill explain robot --json"));
    const line = Number(await lab.must("grep -n noidle /etc/afkill/afkill.toml | cut -d: -f1"));
    expect(json).toMatchObject({
      exempt: true,
      exemption: { kind: "group", name: "noidle", file: "/etc/afkill/afkill.toml", line },
      forecast: { idleTerminal: { warnings: [], end: null } },
    });
  });

  test("says of a login what its watchdog then does", async () => {
    const { rule, limits, forecast } = JSON.parse(await lab.must("afkill explain walker --json"));
    const ssh = await atPrompt(lab, "walker");
    type(ssh, "\r");
    const audit = await auditWithEnd(lab, "walker");
    expect(rule).toBeNull();
    expect(audit.at(-1)).toMatchObject({ rule: "top level", limitSeconds: limits.idle_timeout.valueSeconds });
    expect(audit.filter(({ action }) => action === "notice")).toHaveLength(
      forecast.idleTerminal.warnings.length,
    );
    expect(forecast.idleTerminal.end.afterSeconds).toBe(limits.idle_timeout.valueSeconds);
  });

  test("can be asked by anybody, and says what it lacks", async () => {
    expect(await lab.must("/usr/sbin/afkill explain walker", { user: "walker" })).toContain("the top level");
    const unknown = await lab.run("afkill explain nobodyknows");
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(
      /^afkill: the groups of nobodyknows are not known: .*; give them with --groups\n$/,
    );
    expect(await lab.must("afkill explain nobodyknows --groups staff --from 10.0.0.1")).toContain(
      "10-staff.toml:1.",
    );
    expect((await lab.run("afkill explain ops --from example.org")).status).toBe(2);
    expect((await lab.run("afkill explain")).status).toBe(2);
  });
});

describe.concurrent("config", () => {
  test("check tells all five errors of three files, and passes a good policy", async () => {
    expect(await lab.must("afkill config check")).toContain("good: 3 files, 2 rules");
    await lab.must("mkdir -p /etc/bad/afkill.d");
    await lab.write("/etc/bad/afkill.toml", 'idle_timeout = 15\nwarn_before = "5m"\n');
    await lab.write("/etc/bad/afkill.d/1.toml", '[[rule]]\n  match = { user = ["a"] }\n');
    await lab.write("/etc/bad/afkill.d/2.toml", 'busy_max = "4 h"\n[exempt\n');
    await lab.write("/etc/bad/afkill.d/3.toml", 'activity = ["busy"]\n');
    const { status, stdout } = await lab.run("afkill config check /etc/bad/afkill.toml");
    expect(status).toBe(1);
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^\/etc\/bad\/afkill\.toml:1:1: idle_timeout: expected a duration in quotes/),
      expect.stringMatching(/^\/etc\/bad\/afkill\.toml:2:1: warn_before: expected a list of durations/),
      expect.stringMatching(/^\/etc\/bad\/afkill\.d\/1\.toml:2:13: rule\[1\]\.match\.user: unknown key/),
      expect.stringMatching(/^\/etc\/bad\/afkill\.d\/2\.toml:2:\d+: Invalid TOML document/),
      expect.stringMatching(
        /^\/etc\/bad\/afkill\.d\/3\.toml:1:1: activity: expected "input" to be one of them/,
      ),
      "5 mistakes",
      "",
    ]);
    const json = await lab.run("afkill config check /etc/bad/afkill.toml --json");
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout).problems).toHaveLength(5);
    const explained = await lab.run("afkill explain ops --config /etc/bad/afkill.toml");
    expect(explained.status).toBe(1);
    for (const key of ["idle_timeout", "warn_before", "match.user", "Invalid TOML", "activity"])
      expect(explained.stderr).toContain(key);
  });

  test("show tells what is in force, and writes it as one file that means the same", async () => {
    expect(await lab.must("afkill config show")).toMatch(
      /^no_terminal +1h +\/etc\/afkill\/afkill\.d\/20-site\.toml:2$/m,
    );
    await lab.must("mkdir -p /etc/one && afkill config show --toml > /etc/one/afkill.toml");
    const before = JSON.parse(await lab.must("afkill config show --json"));
    const after = JSON.parse(await lab.must("afkill config show --json --config /etc/one/afkill.toml"));
    const values = (shown: typeof before) => ({
      limits: [shown.limits, ...shown.rules.map(({ limits: own }: typeof before) => own)].map((all) =>
        Object.values<{ value: unknown }>(all).map(({ value }) => value),
      ),
      match: shown.rules.map(({ match }: typeof before) => match),
      exempt: [...shown.exempt.groups, ...shown.exempt.users].map(({ name }) => name),
    });
    expect(values(after)).toEqual(values(before));
    expect((await lab.run("afkill config show --json --toml")).status).toBe(2);
  });

  test("init writes a policy that check takes and the installed schema takes, and nothing over another", async () => {
    const validate = new Ajv({ strict: true }).compile(JSON.parse(await lab.must(`cat ${SCHEMA}`)));
    expect(JSON.parse(await lab.must("afkill config schema"))).toEqual(validate.schema);
    await lab.must("mkdir -p /etc/new");
    for (const preset of ["", ...PRESET_NAMES.map((name) => `--preset ${name}`)]) {
      const text = await lab.must(`afkill config init ${preset}`);
      expect(text.split("\n", 1)[0]).toBe(`#:schema ${SCHEMA}`);
      expect([preset, validate(parse(text))]).toEqual([preset, true]);
      await lab.must(`afkill config init ${preset} --force --output /etc/new/afkill.toml`);
      expect(await lab.must("cat /etc/new/afkill.toml")).toBe(text);
      expect(await lab.must("afkill config check /etc/new/afkill.toml")).toContain("good: 1 file, 0 rules");
    }
    expect(validate({ idle_timeout: 15 })).toBe(false);
    const again = await lab.run("afkill config init --output /etc/new/afkill.toml");
    expect(again.status).toBe(1);
    expect(again.stderr).toContain("is there already");
    expect(await lab.must("cat /etc/afkill/afkill.toml")).toContain('message = "main"');
  });
});
