// What a survey tells of a login: its state, its row, which login is our own.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Evidence } from "../../../src/activity/evidence.ts";
import { entriesOf, keyOf, later } from "../../../src/commands/top/entry.ts";
import { NO_POLICY } from "../../../src/guard/decide.ts";
import { BLANK, type SubjectMemory } from "../../../src/guard/memory.ts";
import { LOGIN_SUBJECT, NOTHING_SEEN } from "../../../src/guard/observe.ts";
import type { LockRecord } from "../../../src/lock/record.ts";
import type { Login } from "../../../src/login/login.ts";
import type { ProcessStat } from "../../../src/login/process.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import type { Watchdog } from "../../../src/login/watchdogs.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import type { Limits } from "../../../src/policy/policy.ts";
import { ownLogins } from "../../../src/survey/own.ts";
import { idleSecondsOf, rowOf } from "../../../src/survey/rows.ts";
import { stateOf } from "../../../src/survey/state.ts";
import type { Surveyed } from "../../../src/survey/survey.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { stat } from "../../support/processes.ts";

const NOW_MS = 10_000_000;
const WALL_MS = Date.UTC(2026, 0, 2, 12);
const ref = (pid: number) => ({ pid, startTicks: 100 });
const login: Login = {
  privileged: ref(10),
  child: ref(11),
  server: ref(11),
  user: "alice",
  uid: 1000,
  client: { address: "192.0.2.7", port: 4711 } as Login["client"],
  startedBootMs: NOW_MS - 3_600_000,
};

function terminal(number: number, more: Partial<Terminal> = {}): Terminal {
  return {
    id: `pts/${number}:12-100`,
    path: `/dev/pts/${number}`,
    deviceNumber: (136 << 8) | number,
    master: undefined,
    leader: ref(12),
    reachable: true,
    foregroundGroup: 12,
    foregroundIsLeader: true,
    foregroundJob: [],
    inner: undefined,
    ...more,
  };
}

const active = (idleMs: number, source: Evidence["source"] = "input", detail = "a key"): SubjectMemory => ({
  lastActivity: { source, atMs: NOW_MS - idleMs, detail },
  baseline: { bootMs: 0, job: {} },
});

interface Facts {
  readonly limits?: Partial<Limits>;
  readonly exempt?: boolean;
  readonly exemptMaxLoginMs?: number;
  readonly isAside?: boolean;
  readonly watchdog?: Watchdog | undefined;
  readonly standing?: readonly string[];
  readonly terminals?: readonly Terminal[];
  readonly subjects?: Readonly<Record<string, SubjectMemory>>;
  readonly processes?: readonly ProcessStat[];
  readonly endsAtMs?: Readonly<Record<string, number>>;
  readonly fault?: string;
  readonly unread?: string;
  readonly gapS?: number;
  /** How long which terminals have been locked, in ms. */
  readonly locked?: Readonly<Record<string, number>>;
}

/** A login as a survey finds it; what is not given is that of one whose only terminal has been idle for two minutes. */
function surveyed(facts: Facts = {}): Surveyed {
  const { terminals = [terminal(3)], subjects = { "pts/3:12-100": active(120_000) }, gapS = 0 } = facts;
  const toBootS = NOW_MS / 1000 - 10;
  const history = gapS === 0 ? [] : [{ kind: "gap" as const, fromBootS: toBootS - gapS, toBootS }];
  const stands = { sinceMs: 0, promisedMs: 0, givenMs: [], isAside: facts.isAside };
  const standing = Object.fromEntries((facts.standing ?? []).map((id) => [id, stands]));
  const locks = Object.fromEntries(
    Object.entries(facts.locked ?? {}).map(([id, ms]) => [id, { sinceMs: NOW_MS - ms } as LockRecord]),
  );
  const looked = {
    login,
    watchdog: "watchdog" in facts ? facts.watchdog : ("root" as const),
    applied: {
      rule: "top level",
      exempt: facts.exempt ?? false,
      exemptMaxLoginMs: facts.exemptMaxLoginMs,
      limits: facts.limits === NO_POLICY.limits ? NO_POLICY.limits : { ...DEFAULT_LIMITS, ...facts.limits },
    },
    memory: { ...BLANK, standing },
    map: mapClocks(history, { bootMs: NOW_MS, wallMs: WALL_MS }),
    observation: { ...NOTHING_SEEN, terminals, subjects, locks },
    fault: facts.fault,
    unread: facts.unread,
  };
  return {
    ...looked,
    processes: facts.processes ?? [],
    isOwn: false,
    verdict: {
      decisions: [],
      standing: {},
      endsAtMs: facts.endsAtMs ?? {},
      wakeInMs: 1,
      noticePending: false,
    },
    state: stateOf(looked),
  };
}

const locked = { locked: { "pts/3:12-100": 60_000 } };
const warned = { standing: ["pts/3:12-100"] };
test.each<[string, Facts, string]>([
  ["in doubt, which is not exempt", { exempt: true, limits: NO_POLICY.limits }, "fault"],
  ["a fault, whatever else", { exempt: true, unread: "it cannot be read", ...warned }, "fault"],
  ["exempt, whatever else", { exempt: true, watchdog: undefined, ...warned }, "exempt"],
  ["exempt, but ended one day", { exempt: true, exemptMaxLoginMs: 5 }, "exempt"],
  ["exempt, but warned of that day", { exempt: true, exemptMaxLoginMs: 5, ...warned }, "warned"],
  [
    "exempt, but nobody would end it",
    { exempt: true, exemptMaxLoginMs: 5, watchdog: undefined },
    "no watchdog",
  ],
  ["a notice that the login's kind puts aside", { ...warned, isAside: true }, "idle"],
  ["unguarded, though a notice is remembered", { watchdog: undefined, ...warned }, "no watchdog"],
  ["a user's watchdog guards too", { watchdog: "user", ...warned }, "warned"],
  ["a notice of a terminal that is still there", warned, "warned"],
  ["a notice about the age of the login", { standing: ["max_login"] }, "warned"],
  ["a notice of a login without a terminal", { standing: [LOGIN_SUBJECT], terminals: [] }, "warned"],
  [
    "a notice of a terminal that has gone, and no other",
    { ...warned, terminals: [], subjects: { [LOGIN_SUBJECT]: active(120_000) } },
    "idle",
  ],
  ["its only terminal is locked, whatever stood on it", { ...locked, ...warned }, "locked"],
  ["locked, though nothing would end it", { ...locked, exempt: true }, "locked"],
  ["locked, and nobody there to end it", { ...locked, watchdog: undefined }, "no watchdog"],
  ["one of two terminals is locked", { ...locked, terminals: [terminal(3), terminal(4)] }, "idle"],
  ["two minutes without a key", {}, "idle"],
  ["a minute without a key", { subjects: { "pts/3:12-100": active(60_000) } }, "idle"],
  ["less than a minute", { subjects: { "pts/3:12-100": active(59_999) } }, "active"],
  [
    "half of a short limit",
    { limits: { idleTimeoutMs: 20_000 }, subjects: { "pts/3:12-100": active(10_000) } },
    "idle",
  ],
  [
    "less than half of a short limit",
    { limits: { idleTimeoutMs: 20_000 }, subjects: { "pts/3:12-100": active(9_999) } },
    "active",
  ],
  ["one of two terminals in use", { subjects: { a: active(500_000), b: active(1_000) } }, "active"],
  [
    "the suspended time does not count",
    { subjects: { "pts/3:12-100": active(3_600_000) }, gapS: 3_580 },
    "active",
  ],
  ["nothing measured, nothing limited", { terminals: [], subjects: {} }, "active"],
])("state: %s", (_, facts, state) => {
  expect(surveyed(facts).state).toBe(state);
});

test("a row tells of the login, and of each of its terminals", () => {
  const vim = stat(14, 12, "vim", { processGroup: 14 });
  const inner = terminal(5, { foregroundGroup: 14, foregroundJob: [stat(13, 12, "helper"), vim] });
  const make = stat(20, 12, "make");
  const row = rowOf(
    surveyed({
      terminals: [terminal(3, { inner }), terminal(4, { foregroundGroup: 99, foregroundJob: [make] })],
      subjects: {
        "pts/3:12-100": active(90_500),
        "pts/4:12-100": active(5_000, "busy", "CPU 34 %"),
      },
      endsAtMs: { "pts/3:12-100": NOW_MS + 809_999, "pts/4:12-100": NOW_MS - 5 },
      processes: [
        stat(10, 1, "sshd", { cpuMs: 1_000 }),
        stat(12, 11, "bash", { cpuMs: 40, childrenCpuMs: 260 }),
      ],
    }),
  );
  expect(row).toEqual({
    kind: "command",
    user: "alice",
    uid: 1000,
    client: "192.0.2.7",
    sshdPid: 10,
    loginTime: "2026-01-02T11:00:00.000Z",
    cpuSeconds: 1.3,
    state: "active",
    watchdog: "root",
    own: false,
    rule: "top level",
    fault: null,
    subjects: [
      {
        terminal: "pts/3",
        idleSeconds: 90,
        limitSeconds: 900,
        leftSeconds: 809,
        lockedSeconds: null,
        foreground: { pid: 14, name: "vim" },
        evidence: expect.stringMatching(/^last key 9[01] s ago$/),
      },
      {
        terminal: "pts/4",
        idleSeconds: 5,
        limitSeconds: 900,
        leftSeconds: 0,
        lockedSeconds: null,
        foreground: { pid: 20, name: "make" },
        evidence: "busy: CPU 34 %, 5 s ago",
      },
    ],
  });
  expect(idleSecondsOf(row)).toBe(5);
});

test("the row of a locked terminal tells since when it is locked, and when it ends", () => {
  const facts = {
    subjects: { "pts/3:12-100": active(1_000_500) },
    endsAtMs: { "pts/3:12-100": NOW_MS + 3_540_500 },
  };
  // Ten seconds of these minutes the host was suspended.
  const surveys = [100_500, 100_000].map((ms) =>
    surveyed({ ...facts, locked: { "pts/3:12-100": ms }, gapS: 10 }),
  );
  expect(rowOf(surveys[0] as Surveyed).subjects).toMatchObject([
    {
      lockedSeconds: 90,
      idleSeconds: 990,
      leftSeconds: 3_550,
      evidence: expect.stringMatching(/^locked 9[01] s ago, last key 16 min 3[01] s ago$/),
    },
  ]);
  const [line] = entriesOf(surveys, [])[0]?.lines ?? [];
  expect(line?.share).toBeCloseTo(3_550 / 3_600);
});

test("a row of a login without a terminal tells its command, its own limit, and that nothing measures it without one", () => {
  const processes = [stat(10, 1, "sshd"), stat(11, 10, "sshd"), stat(12, 11, "rsync"), stat(13, 12, "sh")];
  const bare = { terminals: [], processes };
  const unlimited = rowOf(surveyed({ ...bare, subjects: {} }));
  expect(unlimited.subjects).toEqual([
    {
      terminal: null,
      idleSeconds: null,
      limitSeconds: null,
      leftSeconds: null,
      lockedSeconds: null,
      foreground: { pid: 12, name: "rsync" },
      evidence: "no limit for logins without a terminal",
    },
  ]);
  expect(idleSecondsOf(unlimited)).toBeNull();
  const limits = { noTerminalMs: 60_000 };
  const limited = rowOf(
    surveyed({ ...bare, limits, subjects: { [LOGIN_SUBJECT]: active(3_000, "login", "the login began") } }),
  );
  expect(limited.subjects[0]).toMatchObject({
    idleSeconds: 3,
    limitSeconds: 60,
    evidence: "login: the login began, 3 s ago",
  });
  // A root login has no child: what it runs is right below its only sshd.
  const rootLogin = { ...login, privileged: ref(11), child: undefined };
  expect(rowOf({ ...surveyed(bare), login: rootLogin }).subjects[0]?.foreground?.name).toBe("rsync");
});

test("a fault is told in the place of the evidence, and nobody's limit is told of an exempt one", () => {
  const { fault, subjects } = rowOf(surveyed({ fault: "no ss", exempt: true }));
  expect([fault, subjects[0]?.evidence, subjects[0]?.limitSeconds]).toEqual(["no ss", "no ss", null]);
});

test("our own login: an sshd above us, or the connection that the environment above us names", () => {
  const other = { ...login, privileged: ref(20), child: ref(21), server: ref(21), client: undefined };
  const logins = [login, other];
  const processes = (...chain: ProcessStat[]) => new Map(chain.map((it) => [it.pid, it]));
  const ours = (...chain: ProcessStat[]) => [...ownLogins(logins, processes(...chain))];
  expect(ours(stat(process.ppid, 11, "bash"), stat(11, 10, "sshd"))).toEqual([login]);
  expect(ours(stat(process.ppid, 20, "bash"), stat(20, 1, "sshd"))).toEqual([other]);
  expect(ours(stat(process.ppid, 1, "bash"))).toEqual([]);
  // A parent of itself, or a ring, ends.
  expect(ours(stat(process.ppid, 31, "a"), stat(31, 32, "b"), stat(32, 31, "c"))).toEqual([]);
});

test("inside tmux, whose server is below no login, the connection in an environment above us names our own login", async () => {
  const ours = (connection: string) => {
    const above = spawn("sleep", ["60"], { env: { SSH_CONNECTION: connection }, stdio: "ignore" });
    onTestFinished(() => void above.kill());
    const chain = [stat(process.ppid, above.pid ?? 0, "bash"), stat(above.pid ?? 0, 1, "tmux")];
    return vi.waitFor(() => {
      // Between fork and exec it has our own environment.
      expect(readFileSync(`/proc/${above.pid}/comm`, "latin1")).toBe("sleep\n");
      return [...ownLogins([login], new Map(chain.map((it) => [it.pid, it])))];
    });
  };
  expect(await ours("192.0.2.7 4711 198.51.100.1 22")).toEqual([login]);
  expect(await ours("192.0.2.7 4712 198.51.100.1 22")).toEqual([]);
  expect(await ours("192.0.2.8 4711 198.51.100.1 22")).toEqual([]);
  expect(await ours("nonsense")).toEqual([]);
});

test("in the live view: CPU since the survey before, the shorter of two limits, and what is left of it", () => {
  const cpu = (cpuMs: number, childrenCpuMs = 0) => ({
    processes: [stat(12, 11, "bash", { cpuMs, childrenCpuMs })],
  });
  const at = (it: Surveyed, bootMs: number) => ({ ...it, map: mapClocks([], { bootMs, wallMs: WALL_MS }) });
  const ends = { endsAtMs: { "pts/3:12-100": NOW_MS + 450_000 } };
  const before = at(surveyed(cpu(100)), NOW_MS - 2_000);
  const [first] = entriesOf([surveyed({ ...cpu(500, 600), ...ends })], []);
  expect(first).toMatchObject({ key: "10:100", cpuPercent: null, lines: [{ leftSeconds: 450, share: 0.5 }] });
  expect(entriesOf([surveyed(cpu(500, 600))], [before])[0]?.cpuPercent).toBe(50);
  expect(entriesOf([surveyed(cpu(10))], [before])[0]?.cpuPercent).toBe(0);
  expect(entriesOf([at(surveyed(cpu(500)), NOW_MS - 2_000)], [before])[0]?.cpuPercent).toBeNull();
  const reused = { ...before, login: { ...login, privileged: { pid: 10, startTicks: 99 } } };
  expect(entriesOf([surveyed(cpu(500))], [reused])[0]?.cpuPercent).toBeNull();

  const aged = surveyed({
    limits: { maxLoginMs: 1_000_000 },
    endsAtMs: { ...ends.endsAtMs, max_login: NOW_MS + 100_000 },
  });
  expect(entriesOf([aged], [])[0]?.lines).toMatchObject([{ leftSeconds: 100, share: 0.1 }]);
  const late = surveyed({ endsAtMs: { "pts/3:12-100": NOW_MS + 1_800_000 } });
  expect(entriesOf([late], [])[0]?.lines).toMatchObject([{ leftSeconds: 1800, share: 1 }]);
  expect(entriesOf([surveyed()], [])[0]?.lines).toMatchObject([{ leftSeconds: null, share: null }]);
  expect(keyOf({ login: { ...login, privileged: undefined } })).toBe("11:100");
  const [entry] = entriesOf([surveyed({ terminals: [], subjects: {} })], []);
  expect(entry && later(entry, 9).lines[0]).toMatchObject({
    leftSeconds: null,
    subject: { idleSeconds: null },
  });
});
