import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Explanation, explain } from "../../../../src/commands/explain/explain.ts";
import { explanationJson, explanationLines } from "../../../../src/commands/explain/text.ts";
import { apply, type PolicySubject } from "../../../../src/policy/apply.ts";
import { loadWithOrigins } from "../../../../src/policy/origins.ts";
import { policyFiles, THREE_FILES } from "../../../support/policy-files.ts";

const NOW = new Date("2026-03-01T10:00:00Z");

interface Told extends Explanation {
  readonly text: string;
  readonly json: ReturnType<typeof explanationJson>;
}

async function told(
  subject: PolicySubject,
  files: Readonly<Record<string, string>> = THREE_FILES,
  isLockable = true,
): Promise<Told> {
  const directory = policyFiles(files);
  const { policy, origins } = await loadWithOrigins(join(directory, "afkill.toml"));
  const explanation = explain(policy, origins, subject, isLockable);
  expect(explanation.limits).toEqual(apply(policy, subject).limits);
  const text = explanationLines(explanation, "system", NOW, undefined)
    .join("\n")
    .replaceAll(`${directory}/`, "");
  return { ...explanation, text, json: explanationJson(explanation, "system", NOW) };
}

/** Lines of a forecast without their times of day. */
const withoutClock = (text: string) => text.replace(/^ {2}[\d-]+ [\d:]+(?= {2}in)/gm, "");

const answers = ({ rules }: Explanation) => rules.map(({ answer }) => answer);

describe("an explanation", () => {
  it("names the rule that applies, and why the others do not", async () => {
    const root = { user: "root", groups: ["root"], address: "10.1.1.1" };
    const explanation = await told(root);
    expect(answers(explanation)).toEqual(["other group", "applies", "other group", "later"]);
    expect(explanation.text).toContain("Applies: the rule at afkill.d/10-staff.toml:8.");
    expect(explanation.text).toMatch(/^afkill.d\/10-staff.toml:4 +no: other groups$/m);
    expect(explanation.text).toMatch(/^afkill.d\/20-site.toml:2 +yes, but a rule before it applies$/m);
  });

  it("names the value, file and line of each limit", async () => {
    const { text } = await told({ user: "root", groups: [] });
    expect(text).toMatch(/^idle_timeout +5m +afkill.d\/10-staff.toml:11$/m);
    expect(text).toMatch(/^warn_before +5m, 1m +afkill.toml:2$/m);
    expect(text).toMatch(/^activity +input, busy, transfer +default$/m);
    expect(text).toMatch(/^busy_max +2h +afkill.d\/20-site.toml:1$/m);
    expect(text).toMatch(/^no_terminal +1h +afkill.toml:3$/m);
    expect(text).toMatch(/^max_login +8h +afkill.d\/10-staff.toml:10$/m);
    expect(text).toMatch(/^max_stay +off +default$/m);
    expect(text).toMatch(/^message +- +default$/m);
  });

  it("tells an address that does not fit from one that is not known", async () => {
    const staff = { user: "ann", groups: ["staff"] };
    expect(answers(await told(staff))[0]).toBe("no address");
    expect(answers(await told({ ...staff, address: "192.0.2.1" }))[0]).toBe("other address");
    expect(answers(await told({ ...staff, address: "2001:db8::7" }))[0]).toBe("applies");
    expect(answers(await told({ ...staff, user: "bob", groups: [] }))[1]).toBe("other user");
  });

  it("says when nothing but the top level is left", async () => {
    const { rule, rules, text } = await told(
      { user: "ann", groups: [] },
      { "afkill.toml": 'idle_timeout = "1m"' },
    );
    expect([rule, rules]).toEqual([undefined, []]);
    expect(text).toContain("Applies: the top level; no rule matches.");
    expect(text).not.toContain("FITS");
  });

  it("says what exempts a user, from which line, and what would apply without it", async () => {
    const user = await told({ user: "backup", groups: ["noidle"] });
    expect(user.exemption).toMatchObject({ kind: "user", name: "backup", at: { line: 9 } });
    expect(user.text).toContain("Exempt: user backup, afkill.toml:9. Never warned, never ended;");
    expect(user.text).toContain("the rule at afkill.d/20-site.toml:2 would apply");
    expect(user.text).toContain("A login is neither warned nor ended.");
    expect(user.json.forecast.idleTerminal).toEqual({ warnings: [], lock: null, end: null });
    const group = await told({ user: "c3po", groups: ["droids", "robots"] });
    expect(group.text).toContain("Exempt: group robots, afkill.d/10-staff.toml:3.");
  });

  it("forecasts notices and ends, by the clock", async () => {
    const { json, text } = await told({ user: "ann", groups: [] });
    expect(json.forecast.idleTerminal).toEqual({
      warnings: [
        { time: "2026-03-01T10:10:00.000Z", afterSeconds: 600, beforeEndSeconds: 300, reason: "idle" },
        { time: "2026-03-01T10:14:00.000Z", afterSeconds: 840, beforeEndSeconds: 60, reason: "idle" },
      ],
      lock: null,
      end: { time: "2026-03-01T10:15:00.000Z", afterSeconds: 900, reason: "idle" },
    });
    expect(json.forecast.idleWithoutTerminal.end?.afterSeconds).toBe(3600);
    expect(json.forecast.working?.end?.afterSeconds).toBe(2 * 3600);
    expect(json.forecast.active).toEqual({ warnings: [], lock: null, end: null });
    const local = (time: string) => new Date(time).toLocaleString("sv-SE");
    expect(text).toContain(`${local("2026-03-01T10:10:00Z")}  in 10 min      notice, 5 min before the end`);
    expect(text).toContain(
      `${local("2026-03-01T10:15:00Z")}  in 15 min      the terminal is closed; the login ends with its last terminal\n`,
    );
    expect(text).toContain('is always active: never ended (max_login = "off").');
  });

  it("says when a terminal is locked, and when a locked one closes", async () => {
    const locking = 'at_limit = "lock"\nlock_max = "2h"\nno_terminal = "1h"\n';
    const { json, text } = await told({ user: "ann", groups: [] }, { "afkill.toml": locking });
    expect(json.forecast.idleTerminal).toMatchObject({
      warnings: [{ beforeEndSeconds: 300 }, { beforeEndSeconds: 60 }],
      lock: { time: "2026-03-01T10:15:00.000Z", afterSeconds: 900, reason: "idle" },
      end: { time: "2026-03-01T12:15:00.000Z", afterSeconds: 8100, reason: "lock_max" },
    });
    expect(json.forecast.idleWithoutTerminal).toMatchObject({ lock: null, end: { reason: "idle" } });
    expect(withoutClock(text)).toContain(`A terminal that is idle from now on:
  in 10 min      notice, 5 min before the lock
  in 14 min      notice, 60 s before the lock
  in 15 min      the terminal is locked; 5 wrong answers close it (lock_tries)
  in 2 h 15 min  if still locked, it is closed (lock_max); the login ends with its last terminal
`);
    expect(withoutClock(text)).toContain("  in 1 h         the login ends\n");
    expect(text).toContain("the terminal is locked, even if work runs; 5 wrong answers close it");
  });

  it("says that the limit closes a terminal where no hook can lock it", async () => {
    const ann = { user: "ann", groups: [] };
    const { json, text } = await told(ann, { "afkill.toml": 'at_limit = "lock"' }, false);
    expect(json.limits.at_limit?.value).toBe("lock");
    expect(json.forecast.idleTerminal).toMatchObject({ lock: null, end: { afterSeconds: 900 } });
    expect(text).toContain(
      'No hook of this host can lock: in the place of at_limit = "lock" the limit closes',
    );
    expect(text).toContain("notice, 5 min before the end");
    expect(text).toContain(
      "the terminal is closed; the login ends with its last terminal, even if work runs",
    );
    const closes = await told(ann, { "afkill.toml": "" }, false);
    expect(closes.text).not.toContain("can lock");
  });

  it("says that a terminal stays locked, what else ends it, and that it locks without a notice", async () => {
    const text = async (more: string) =>
      withoutClock(
        (await told({ user: "ann", groups: [] }, { "afkill.toml": `at_limit = "lock"\n${more}` })).text,
      );
    expect(await text('lock_max = "off"\nlock_tries = 1\nwarn_before = []')).toContain(
      `  in 15 min      the terminal is locked; a wrong answer closes it (lock_tries), without a notice
  It stays locked (lock_max = "off").
`,
    );
    expect(await text('lock_max = "off"\nmax_login = "8h"')).toContain(
      "  in 15 min      the terminal is locked; 5 wrong answers close it (lock_tries)\n  in 8 h         the login ends (max_login)\n",
    );
  });

  it("says why there is no end, and when there is no notice", async () => {
    const off = await told(
      { user: "ann", groups: [] },
      { "afkill.toml": 'idle_timeout = "off"\nactivity = ["input"]' },
    );
    expect(off.text).toContain('idle from now on: never ended (idle_timeout = "off").');
    expect(off.text).toContain('never ended (no_terminal = "off").');
    expect(off.text).not.toContain("A terminal where work runs");
    expect(off.text).not.toContain("earliest");
    const endless = await told({ user: "ann", groups: [] }, { "afkill.toml": 'busy_max = "off"' });
    expect(endless.text).toContain(
      'A terminal where work runs, but no key is typed from now on: never ended (busy_max = "off").',
    );
    const silent = await told({ user: "ann", groups: [] }, { "afkill.toml": "warn_before = []" });
    expect(silent.text).toContain("with its last terminal, without a notice\n");
  });

  it("says that groups are not known, where none concerns the user", async () => {
    const explanation = await told({ user: "ann", groups: [] });
    const text = explanationLines(explanation, "unknown", NOW, undefined).join("\n");
    expect(text).toContain("groups   not known, but the policy does not need them for this user\n");
    expect(explanationJson(explanation, "unknown", NOW).groupsFrom).toBe("unknown");
  });

  it("is complete as JSON", async () => {
    const { json } = await told({ user: "root", groups: ["root"], address: "10.1.1.1" });
    expect(JSON.parse(JSON.stringify(json))).toMatchObject({
      user: "root",
      groups: ["root"],
      groupsFrom: "system",
      address: "10.1.1.1",
      exempt: false,
      exemption: null,
      rule: { answer: "applies", line: 8, column: 1, file: expect.stringMatching(/10-staff\.toml$/) },
      limits: {
        idle_timeout: { value: "5m", valueSeconds: 300, setBy: { line: 11, column: 1 } },
        warn_before: { value: ["5m", "1m"], valueSeconds: [300, 60], setBy: { line: 2 } },
        max_stay: { value: "off", valueSeconds: null, setBy: null },
      },
      time: NOW.toISOString(),
    });
  });

  it("prints no control character, whatever names there are", async () => {
    const files = { "afkill.toml": "", "afkill.d/\u001b[2J\n.toml": 'idle_timeout = "1m"' };
    const { text } = await told({ user: "a\u001b[2Jb", groups: ["x\u009by"] }, files);
    expect(text).toMatch(/^[\n -~]*$/);
  });
});
