import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Explanation, explain } from "../../../../src/commands/explain/explain.ts";
import { explanationJson } from "../../../../src/commands/explain/json.ts";
import { explanationLines } from "../../../../src/commands/explain/text.ts";
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

  it("says what takes a user out of an exemption", async () => {
    const files = { "afkill.toml": 'exempt.groups = ["*"]\nexempt.users = ["!ro*"]\n' };
    const { text, json } = await told({ user: "root", groups: ["root"] }, files);
    expect(text).toContain(
      "Applies: the top level; no rule matches.\nNot exempt: user !ro*, afkill.toml:2.\n",
    );
    expect(json).toMatchObject({ exempt: false, exemption: null, exception: { name: "!ro*", line: 2 } });
  });

  it("says when an exempt login ends all the same", async () => {
    const files = {
      "afkill.toml": 'warn_before = ["5m"]\nexempt.users = ["root"]\nexempt.max_login = "12h"\n',
    };
    const { text, json } = await told({ user: "root", groups: [] }, files);
    expect(text).toContain(
      "Exempt: user root, afkill.toml:2. Ended 12h after it began (max_login, afkill.toml:3), never for being idle; without that,",
    );
    expect(text).not.toContain("idle from now on");
    expect(text).toMatch(
      /in 11 h 55 min +notice, 5 min before the end \(max_login\)\n.*the login ends \(max_login\)/,
    );
    expect(json.exemptMaxLogin).toMatchObject({ valueSeconds: 43_200, setBy: { line: 3 } });
    expect(json.forecast.active.end?.afterSeconds).toBe(43_200);
  });

  const KINDS = {
    "afkill.toml": 'no_terminal = "1h"\n[[rule]]\nmatch = { users = ["ann"] }\n',
    "afkill.d/10.toml": `[[rule]]
match = { kinds = ["command", "sftp"], ports = [2222] }
no_terminal = "5m"
[[rule]]
match = { kinds = ["tunnel"], hosts = ["db*"], uids = "1000-" }
`,
  };
  const ann = { user: "ann", uid: 1000, groups: [], port: 2222, hosts: ["db1"] };

  it("is for a shell if no kind is given, and tells for which kinds another rule decides", async () => {
    const { text, json, ...explanation } = await told(ann, KINDS);
    expect(answers(explanation)).toEqual(["other kind", "other kind", "applies"]);
    expect(text).toContain("Applies: the rule at afkill.toml:2.\n");
    expect(text).toContain(
      "For a login of the kind sftp: the rule at afkill.d/10.toml:1; see --kind sftp.\n",
    );
    expect(text).toContain(
      "For a login of the kind tunnel: the rule at afkill.d/10.toml:4; see --kind tunnel.\n",
    );
    expect(text).toMatch(/^kind {5}shell \(not given\)$/m);
    expect(text).toMatch(/^uid {6}1000$/m);
    expect(text).toMatch(/^port {5}2222$/m);
    expect(text).toMatch(/^host {5}db1$/m);
    expect(json.otherKinds.map(({ kind, rule }) => [kind, rule?.line])).toEqual([
      ...[
        ["sftp", 1],
        ["command", 1],
        ["tunnel", 4],
      ],
    ]);
    // A login without a terminal is no shell.
    expect(text).toContain("A login without a terminal (a command) that is idle from now on:\n");
    expect(json.forecast.idleWithoutTerminal.end?.afterSeconds).toBe(300);
  });

  it("is for one kind if it is given, and tells only of what such a login has", async () => {
    const files = await told({ ...ann, kind: "sftp" }, KINDS);
    expect(answers(files)).toEqual(["applies", "other kind", "later"]);
    expect(files.text).not.toContain("A terminal");
    expect(files.text).toContain("A login without a terminal that is idle from now on:\n");
    expect(files.json).toMatchObject({ kind: "sftp", otherKinds: [] });
    const { text } = await told({ ...ann, kind: "shell" }, KINDS);
    expect(text).toContain("A terminal that is idle from now on:\n");
    expect(text).not.toContain("A login without a terminal");
  });

  it("tells a fact that does not fit from one that is not known", async () => {
    const other = await told({ ...ann, port: 22, hosts: ["web1"], kind: "tunnel" }, KINDS);
    expect(answers(other)).toEqual(["other kind", "other host", "applies"]);
    const unknown = await told({ ...ann, uid: undefined, port: undefined, kind: "tunnel" }, KINDS);
    expect(answers(unknown)).toEqual(["other kind", "no uid", "applies"]);
    expect(unknown.text).toMatch(/no: the uid is not known$/m);
    expect(answers(await told({ ...ann, port: undefined, kind: "sftp" }, KINDS))[0]).toBe("no port");
    expect(answers(await told({ ...ann, port: 22, kind: "sftp" }, KINDS))[0]).toBe("other port");
    expect(answers(await told({ ...ann, uid: 1, kind: "tunnel" }, KINDS))[1]).toBe("other uid");
    expect((await told({ ...ann, port: 22, kind: "sftp" }, KINDS)).text).toMatch(/no: another port$/m);
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
    const locking = { "afkill.toml": 'at_limit = "lock"\nexempt = { users = ["ann"], max_login = "9h" }' };
    expect((await told(ann, locking, false)).text).not.toContain("can lock");
    expect((await told({ ...ann, user: "bob", kind: "sftp" }, locking, false)).text).not.toContain(
      "can lock",
    );
  });

  it("says that a terminal locks where the rule for shells says so, whatever that for others says", async () => {
    const rule = (kind: string, more: string) => `[[rule]]\nmatch = { kinds = ["${kind}"] }\n${more}\n`;
    const shell = 'at_limit = "lock"\nlock_max = "2h"\nmax_login = "1h"\nno_terminal = "10m"';
    const files = { "afkill.toml": `${rule("shell", shell)}${rule("command", 'no_terminal = "5m"')}` };
    const { json, text } = await told({ user: "ann", groups: [] }, files);
    expect(json.forecast.idleTerminal).toMatchObject({
      lock: { afterSeconds: 900 },
      end: { afterSeconds: 3600, reason: "max_login" },
    });
    expect(json.forecast.idleWithoutTerminal).toMatchObject({ lock: null, end: { afterSeconds: 300 } });
    expect(text).toContain("For a login of the kind command: the rule at afkill.toml:7");
    const closing = await told({ user: "ann", groups: [] }, files, false);
    expect(closing.json.forecast.idleTerminal).toMatchObject({ lock: null, end: { reason: "idle" } });
    expect(closing.text).toContain("No hook of this host can lock");
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
