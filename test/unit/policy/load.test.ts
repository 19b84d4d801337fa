import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { LIMIT_KEYS } from "../../../src/policy/limits.ts";
import { loadPolicy } from "../../../src/policy/load.ts";
import { matchWith } from "../../../src/policy/match.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { formatProblem, PolicyError } from "../../../src/policy/problems.ts";
import { describeAsRoot } from "../../support/root.ts";
import { SHOW, SHOWN, SHOWN_NODE } from "../../support/shown.ts";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const OFF = Number.POSITIVE_INFINITY;

let directory: string;
let main: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "afkill-policy-"));
  main = join(directory, "afkill.toml");
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

/** What is wrong, a line each, with the directory left out. */
async function problemsOf(path = main): Promise<string[]> {
  const error = await loadPolicy(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PolicyError)) throw new Error(`expected a PolicyError, got ${error}`);
  return error.problems.map((problem) => formatProblem(problem).replaceAll(directory, ""));
}

/** Loads it in a process of its own, which may wait for ever: what `idle_timeout` is, or what is wrong. */
function loadElsewhere(first = ""): string {
  const script = `${first}
    const { loadPolicy } = await import(process.argv[1]);
    console.log(await loadPolicy(process.argv[2]).then((policy) => policy.base.idleTimeoutMs, (error) => error.message));`;
  const load = `${SHOWN}/src/policy/load.ts`;
  const options = ["--no-warnings", "--input-type=module", "-e", script, load, main];
  return execFileSync("unshare", ["--mount", "sh", "-euc", `${SHOW}exec "$0" "$@"`, SHOWN_NODE, ...options], {
    cwd: "/",
    encoding: "utf8",
    timeout: 30_000,
    killSignal: "SIGKILL",
  }).trim();
}

describe("a good policy", () => {
  it("that says nothing has the defaults", async () => {
    write("afkill.toml", "");
    expect(await loadPolicy(main)).toEqual({
      base: DEFAULT_LIMITS,
      exempt: { users: [], groups: [], maxLoginMs: OFF },
      rules: [],
      files: [main],
    });
    expect(DEFAULT_LIMITS).toMatchObject({
      idleTimeoutMs: 15 * M,
      warnBeforeMs: [5 * M, 1 * M],
      activity: ["input", "busy", "transfer"],
      busyMaxMs: 4 * H,
      noTerminalMs: OFF,
      maxLoginMs: OFF,
      maxStayMs: OFF,
      mouseMotion: true,
      trustTtyTimes: true,
      heartbeats: true,
      message: "",
    });
  });

  it("is what install writes: the defaults, every key of them, and a rule to copy", async () => {
    write("afkill.toml", defaultPolicy);
    const policy = await loadPolicy(main);
    expect(policy).toMatchObject({
      base: DEFAULT_LIMITS,
      exempt: { groups: ["noidle"], users: [] },
      rules: [],
    });
    for (const key of LIMIT_KEYS) expect(defaultPolicy).toMatch(new RegExp(`^${key} = `, "m"));
    write("afkill.toml", defaultPolicy.replaceAll(/^# (?=\[\[|match = \{ |idle_)/gm, ""));
    expect((await loadPolicy(main)).rules).toMatchObject([
      { match: { users: ["root"], groups: [] }, limits: { ...DEFAULT_LIMITS, idleTimeoutMs: 5 * M } },
    ]);
    expect(defaultPolicy).toMatch(/^[\n -~]*$/);
  });

  it("may set every key", async () => {
    write(
      "afkill.toml",
      `
      idle_timeout = "off"
      warn_before = ["10s", "1m30s", "10s"]
      activity = ["output", "input", "output"]
      busy_max = "off"
      no_terminal = "2d"
      max_login = "8h"
      max_stay = "3h"
      mouse_motion = false
      trust_tty_times = false
      message = "Questions? ~Help desk!"
      exempt = { users = ["deploy"], groups = ["domain admins", "été"] }`,
    );
    expect(await loadPolicy(main)).toMatchObject({
      base: {
        idleTimeoutMs: OFF,
        warnBeforeMs: [90 * S, 10 * S],
        activity: ["output", "input"],
        busyMaxMs: OFF,
        noTerminalMs: 48 * H,
        maxLoginMs: 8 * H,
        maxStayMs: 3 * H,
        mouseMotion: false,
        trustTtyTimes: false,
        message: "Questions? ~Help desk!",
      },
      exempt: { users: ["deploy"], groups: ["domain admins", "été"] },
    });
  });
});

describe("drop-ins", () => {
  it("are read in the order of their names; others beside them are not", async () => {
    write("afkill.toml", 'idle_timeout = "1m"');
    write("afkill.d/9.toml", 'idle_timeout = "9m"');
    write("afkill.d/10.toml", 'idle_timeout = "10m"');
    write("afkill.d/Z.toml", 'idle_timeout = "26m"');
    write("afkill.d/a.toml", 'idle_timeout = "27m"');
    for (const name of [".zz.toml", "zz.toml~", "zz.toml.dpkg-old", "zz.conf", "#zz.toml#"])
      write(`afkill.d/${name}`, "rubbish");
    write("other.toml", "rubbish");
    const policy = await loadPolicy(main);
    expect(policy.base.idleTimeoutMs).toBe(27 * M);
    expect(policy.files.map((file) => file.replace(directory, ""))).toEqual([
      "/afkill.toml",
      "/afkill.d/10.toml",
      "/afkill.d/9.toml",
      "/afkill.d/Z.toml",
      "/afkill.d/a.toml",
    ]);
  });

  it("replace keys and whole lists, add exempt names and rules; rules inherit the merged top level", async () => {
    write(
      "afkill.toml",
      `idle_timeout = "1h"
warn_before = ["5m", "1m"]
message = "main"
[exempt]
users = ["a"]
groups = ["noidle"]

  [[ rule ]] # first
match = { users = ["root"] }
idle_timeout = "5m"
[[rule]]
match.groups = ["staff"]
`,
    );
    write(
      "afkill.d/50-site.toml",
      `warn_before = ["30s"]
no_terminal = "2h"
[exempt]
users = ["b"]
[[rule]]
match = {}
message = "rule"
`,
    );
    const base = {
      ...DEFAULT_LIMITS,
      idleTimeoutMs: H,
      warnBeforeMs: [30 * S],
      noTerminalMs: 2 * H,
      message: "main",
    };
    const policy = await loadPolicy(main);
    expect(policy.base).toEqual(base);
    expect(policy.exempt).toEqual({
      users: ["a", "b"],
      groups: ["noidle"],
      maxLoginMs: OFF,
    });
    // The rules of a drop-in are tried first.
    expect(policy.rules).toEqual([
      {
        name: `rule 1, ${directory}/afkill.d/50-site.toml:5`,
        match: matchWith({}),
        limits: { ...base, message: "rule" },
      },
      {
        name: `rule 1, ${main}:8`,
        match: matchWith({ users: ["root"] }),
        limits: { ...base, idleTimeoutMs: 5 * M },
      },
      { name: `rule 2, ${main}:11`, match: matchWith({ groups: ["staff"] }), limits: base },
    ]);
  });

  it("of a rule list in one line names the file and number only", async () => {
    write("afkill.toml", 'rule = [{ match = {} }, { match = {}, message = """\\\n[[rule]]""" }]');
    expect((await loadPolicy(main)).rules.map(({ name }) => name)).toEqual([
      `rule 1, ${main}`,
      `rule 2, ${main}`,
    ]);
  });
});

describe("a bad policy", () => {
  it("has every mistake of every file reported, with file, line, column and key", async () => {
    write("afkill.toml", '# comment\nidle_timeout = 15\n\n[exempt]\nuser = ["a"]\n');
    write(
      "afkill.d/10.toml",
      'message = "ok"\n[[rule]]\nmatch = {}\n[[rule]]\nmatch = { from = ["10.0.0.0/8", "10.0.0.0/40"] }\nbusy_max = "4 h"\n',
    );
    write("afkill.d/20.toml", 'warn_before = ["5m"]\nidle_timeout = "15m\n');
    write("afkill.d/30.toml", 'max_login = "8h"\n');
    expect(await problemsOf()).toEqual([
      '/afkill.toml:2:1: idle_timeout: expected a duration in quotes, such as "15m" or "off", got 15',
      "/afkill.toml:5:1: exempt.user: unknown key, expected one of groups, users, max_login",
      '/afkill.d/10.toml:5:33: rule[2].match.from[2]: expected an address or a network such as "10.0.0.0/8", "2001:db8::/32" or "!10.1.0.0/16", got "10.0.0.0/40"',
      '/afkill.d/10.toml:6:1: rule[2].busy_max: expected a duration such as "90s", "15m", "1h30m", or "off", got "4 h"',
      expect.stringMatching(/^\/afkill\.d\/20\.toml:2:\d+: Invalid TOML document: /),
    ]);
  });

  it("has its problems as data, and one line to log", async () => {
    const file = write("afkill.toml", "\n  max_login = 1\nidle_timeout = 2\n");
    const error: PolicyError = await loadPolicy(main).catch((reason) => reason);
    expect(error.problems).toEqual([
      { file, line: 2, column: 3, key: "max_login", message: expect.stringContaining("got 1") },
      { file, line: 3, column: 1, key: "idle_timeout", message: expect.stringContaining("got 2") },
    ]);
    expect(error.message).toBe(error.problems.map(formatProblem).join("; "));
    expect(error.message).not.toContain("\n");
  });

  it.each([
    ['idle_timeout = "0s"', '1:1: idle_timeout: expected at least "1s", or "off", got "0s"'],
    ['warn_before = "5m"', '1:1: warn_before: expected a list of durations, got "5m"'],
    [
      'warn_before = ["1m",\n "off"]',
      "2:2: warn_before[2]: expected a duration: a notice cannot be off; [] gives none",
    ],
    [`warn_before = [${'"1m",'.repeat(11)}]`, "1:1: warn_before: expected at most 10 notices"],
    [
      'activity = ["input", "cpu"]',
      '1:22: activity[2]: expected "input", "busy", "transfer" or "output", got "cpu"',
    ],
    ['activity = ["busy"]', '1:1: activity: expected "input" to be one of them: a user who types is active'],
    ['message = "a\\nb"', '1:1: message: expected one line of printable ASCII, got "a\\u000ab"'],
    ['message = "\\u001b[2J"', '1:1: message: expected one line of printable ASCII, got "\\u001b[2J"'],
    [`message = "${"x".repeat(201)}"`, "1:1: message: expected at most 200 characters, got 201"],
    ["exempt = []", "1:1: exempt: expected a table, got a list"],
    [
      'exempt.groups = [""]',
      '1:18: exempt.groups[1]: expected a name or a pattern without control characters, or blanks around it, got ""',
    ],
    ["[exempt]\nusers = [1979-05-27]", "2:10: exempt.users[1]: expected a name in quotes, got a date"],
    ["[rule]\nmatch = {}", "1:1: rule: expected a list of tables: [[rule]], got a table"],
    ['[[rule]]\nidle_timeout = "5m"', '1:1: rule[1].match: expected the key "match", got none'],
    [
      "[[rule]]\nmatch = {}\nexempt = true",
      "3:1: rule[1].exempt: unknown key, expected one of match, idle_timeout, ",
    ],
    [
      "[[rule]]\n[rule.match]\nuser = []",
      "3:1: rule[1].match.user: unknown key, expected one of users, groups, from",
    ],
    [
      '[[rule]]\nmatch = { kinds = ["scp"] }',
      '2:20: rule[1].match.kinds[1]: expected "shell", "sftp", "tunnel" or "command", got "scp"',
    ],
    [
      "[[rule]]\nmatch = { ports = [0] }",
      "2:20: rule[1].match.ports[1]: expected a port from 1 to 65535, got 0",
    ],
    [
      "[[rule]]\nmatch = { uids = [1000] }",
      '2:11: rule[1].match.uids: expected user numbers in quotes, such as "1000-" or "0, 1000-1999", got a list',
    ],
    [
      '[[rule]]\nmatch = { hosts = ["!!a"] }',
      '2:20: rule[1].match.hosts[1]: expected a name or a pattern without control characters, or blanks around it, got "!!a"',
    ],
    ["idle-timeout = 1\n[extra.table]", "1:1: idle-timeout: unknown key, "],
    ["\nidle_timeout = 99999999999999999999", "2:"],
    ["extra.a = 1\nextra.b = 2", "1:1: extra: unknown key, "],
    ['"bad\\u001b[2Jkey" = 1', "1:1: bad\\u001b[2Jkey: unknown key, "],
    ['idle_timeout = "1m"\nidle_timeout = "2m"', "2:"],
  ])("is told what is wrong with %j", async (text, expected) => {
    write("afkill.toml", text);
    const [first] = await problemsOf();
    expect(first?.slice(0, `/afkill.toml:${expected}`.length)).toBe(`/afkill.toml:${expected}`);
  });

  it("is told of every unknown key", async () => {
    write("afkill.toml", "a = 1\nb = 2\nidle_timeout = 3\n[c]\nd = 1\n");
    expect((await problemsOf()).map((line) => line.slice(0, 20))).toEqual([
      "/afkill.toml:1:1: a:",
      "/afkill.toml:2:1: b:",
      "/afkill.toml:3:1: id",
      "/afkill.toml:4:1: c:",
    ]);
  });
});

describeAsRoot("a file that may have been written by somebody else", () => {
  const nobody = 65_534;

  it("is refused when somebody else owns it", async () => {
    chownSync(write("afkill.toml", ""), nobody, 0);
    expect(await problemsOf()).toEqual([
      "/afkill.toml: expected the file to be owned by root, got uid 65534; run chown root on it",
    ]);
  });

  it.each([0o664, 0o646, 0o666])("is refused with mode %o", async (mode) => {
    chmodSync(write("afkill.toml", ""), mode);
    expect(await problemsOf()).toEqual([
      `/afkill.toml: expected the file to be writable by its owner only, got mode 0${mode.toString(8)}; run chmod go-w on it`,
    ]);
  });

  it("is refused in a directory of somebody else's, or open to others", async () => {
    write("afkill.toml", "");
    write("afkill.d/10.toml", "");
    chmodSync(join(directory, "afkill.d"), 0o1777);
    expect(await problemsOf()).toEqual([
      "/afkill.d/10.toml: expected its directory /afkill.d to be writable by its owner only, got mode 1777; run chmod go-w on it",
    ]);
    chmodSync(join(directory, "afkill.d"), 0o755);
    chownSync(join(directory, "afkill.d"), nobody, 0);
    expect(await problemsOf()).toEqual([
      "/afkill.d/10.toml: expected its directory /afkill.d to be owned by root, got uid 65534; run chown root on it",
    ]);
  });

  it("is refused where a directory above could be swapped; a sticky one of root's will do", async () => {
    const deep = write("above/etc/afkill.toml", "");
    expect((await loadPolicy(deep)).files).toEqual([deep]);
    chmodSync(join(directory, "above"), 0o777);
    expect(await problemsOf(deep)).toEqual([
      "/above/etc/afkill.toml: expected the directory /above above it to be writable by its owner only, got mode 0777; run chmod go-w on it",
    ]);
    chmodSync(join(directory, "above"), 0o1777);
    expect((await loadPolicy(deep)).files).toEqual([deep]);
    chownSync(join(directory, "above"), nobody, 0);
    expect(await problemsOf(deep)).toEqual([
      "/above/etc/afkill.toml: expected the directory /above above it to be owned by root, got uid 65534; run chown root on it",
    ]);
  });

  it("is refused when it is no plain file, without waiting for one", { timeout: 60_000 }, async () => {
    renameSync(write("real.toml", ""), join(directory, "real"));
    symlinkSync(join(directory, "real"), main);
    expect(await problemsOf()).toEqual(["/afkill.toml: expected a regular file, got a symbolic link"]);
    rmSync(main);
    execFileSync("mkfifo", [main]);
    expect(loadElsewhere()).toBe(`${main}: expected a regular file`);
    rmSync(main);
    mkdirSync(main);
    expect(await problemsOf()).toEqual(["/afkill.toml: expected a regular file"]);
  });

  it("is refused when it is missing, huge, or no text; a missing drop-in directory is fine", async () => {
    expect(await problemsOf()).toEqual(["/afkill.toml: expected a file, got none"]);
    expect(await problemsOf(join(directory, "no/such.toml"))).toEqual([
      "/no/such.toml: expected a file, got none",
    ]);
    write("afkill.toml", "#".repeat(256 * 1024 + 1));
    expect(await problemsOf()).toEqual(["/afkill.toml: expected at most 262144 bytes, got 262145"]);
    write("afkill.toml", Uint8Array.of(0x23, 0xff));
    expect(await problemsOf()).toEqual(["/afkill.toml: expected UTF-8 text"]);
    write("afkill.toml", "");
    write("afkill.d", "");
    expect(await problemsOf()).toEqual(["/afkill.d: expected a directory"]);
  });

  it("counts as one's own for a user who names a file of theirs, and root's for everybody", {
    timeout: 60_000,
  }, async () => {
    write("afkill.toml", 'idle_timeout = "7m"');
    const asNobody = () =>
      loadElsewhere(`process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody});`);
    chmodSync(directory, 0o755);
    expect(asNobody()).toBe(String(7 * M));
    chownSync(directory, nobody, nobody);
    chownSync(main, nobody, nobody);
    expect(asNobody()).toBe(String(7 * M));
    chownSync(main, 1, nobody);
    expect(asNobody()).toContain("owned by root, got uid 1");
  });
});
