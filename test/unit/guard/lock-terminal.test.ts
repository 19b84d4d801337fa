// What carrying out a lock does and records, and what is said of a terminal that is locked.
import { beforeEach, expect, test, vi } from "vitest";
import type { AuditRecord } from "../../../src/audit/record.ts";
import type { TerminalActions } from "../../../src/ending/terminal-actions.ts";
import { act, type Scene } from "../../../src/guard/act.ts";
import { type Decision, WHOLE_LOGIN } from "../../../src/guard/judge.ts";
import type { LockRecord } from "../../../src/lock/record.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import type { Shown } from "../../../src/notice/show.ts";
import type { Limits } from "../../../src/policy/policy.ts";
import { ALICE, policyOf } from "../../support/hosts.ts";

const records = vi.hoisted((): AuditRecord[] => []);
vi.mock("../../../src/audit/record.ts", () => ({ record: async (it: AuditRecord) => void records.push(it) }));

const S = 1_000;
const NOW_MS = 10_000 * S;
const [ONE, TWO] = ["pts/1", "pts/2"] as const;
const terminals = [ONE, TWO].map((id) => ({ id, path: `/dev/${id}` }) as Terminal);
const BAR: Shown = { form: "bar", group: 7 };

const farewells: [string, string][] = [];
const actions = {
  showNotice: vi.fn<TerminalActions["showNotice"]>(),
  showStays: vi.fn<TerminalActions["showStays"]>(),
  lock: vi.fn<NonNullable<TerminalActions["lock"]>>(),
  sayFarewell: vi.fn<TerminalActions["sayFarewell"]>(),
  hangUp: vi.fn<TerminalActions["hangUp"]>(),
  endLogin: vi.fn<TerminalActions["endLogin"]>(),
};

beforeEach(() => {
  vi.resetAllMocks();
  records.length = 0;
  farewells.length = 0;
  actions.showNotice.mockResolvedValue(BAR);
  actions.lock.mockResolvedValue({ locked: true, outcome: "locked" });
  actions.sayFarewell.mockImplementation(async ({ id }, text) => {
    farewells.push([id, text]);
    return undefined;
  });
  actions.hangUp.mockImplementation(async (terminal, { say }) => {
    await say(terminal);
    return { ended: true, steps: ["hung up"] };
  });
  actions.endLogin.mockImplementation(async (_, them, { say }) => {
    for (const it of them) await say(it);
    return { ended: true, steps: ["sshd ended"] };
  });
});

interface Facts {
  readonly limits?: Partial<Limits>;
  readonly exempt?: boolean;
  /** For how long these are locked, and how many wrong answers were given there. */
  readonly locked?: Readonly<Record<string, readonly [ms: number, wrongAnswers: number]>>;
}

/** Alice's login of two terminals, idle for a minute. */
function sceneOf({ limits = {}, exempt = false, locked = {} }: Facts = {}): Scene {
  const lastActivity = { source: "input", atMs: NOW_MS - 61 * S, detail: "a key" };
  const locks = Object.entries(locked).map(([id, [ms, wrongAnswers]]) => [
    id,
    { sinceMs: NOW_MS - ms, wrongAnswers } as LockRecord,
  ]);
  const some = { idleTimeoutMs: 60 * S, atLimit: "lock", lockMaxMs: 600 * S, lockTries: 3, message: "hi" };
  return {
    login: { ...ALICE, startedBootMs: NOW_MS - 700 * S },
    applied: { ...policyOf({ ...some, ...limits } as Partial<Limits>), exempt },
    observation: {
      terminals,
      kind: "shell",
      subjects: { [ONE]: { lastActivity }, [TWO]: { lastActivity } },
      locks: Object.fromEntries(locks),
      commandsRun: false,
      faults: {},
    },
    map: { now: { bootMs: NOW_MS, wallMs: NOW_MS }, toIdleMs: (ms: number) => ms },
  } as unknown as Scene;
}

async function carryOut(decision: Decision, scene: Scene, shown = new Map<string, Shown>(), by = actions) {
  const verdict = { decisions: [decision], standing: {}, endsAtMs: {}, wakeInMs: S, noticePending: false };
  return act(verdict, scene, shown, by as TerminalActions);
}

const idle: Decision = { kind: "lock", id: ONE, cause: "idle", by: "" };

test("a locker is told all that it needs, and the lock is recorded", async () => {
  const scene = sceneOf();
  expect(await carryOut(idle, scene)).toBe(false);
  const record = {
    action: "lock",
    cause: "idle",
    outcome: "locked",
    ended: null,
    terminals: ["pts/1"],
    idleSeconds: 61,
    limitSeconds: 60,
    reason: "idle for 61 s, the limit is 60 s",
  };
  expect(actions.lock.mock.calls).toMatchObject([
    [
      terminals[0],
      undefined,
      {
        login: scene.login,
        terminal: ONE,
        stateDirectory: "/run/afkill/11-1",
        cause: "idle",
        by: "",
        idleMs: 61 * S,
        lockMaxMs: 600 * S,
        tries: 3,
        message: "hi",
        record,
      },
    ],
  ]);
  expect(records).toMatchObject([record]);
  expect(actions.hangUp).not.toHaveBeenCalled();
});

test("what a locker is told outlives JSON, and a lock that nothing ends has no end", async () => {
  const endless = [sceneOf({ exempt: true }), sceneOf({ limits: { lockMaxMs: Number.POSITIVE_INFINITY } })];
  for (const scene of endless) await carryOut(idle, scene);
  for (const [, , order] of actions.lock.mock.calls) {
    expect(order.lockMaxMs).toBeNull();
    expect(JSON.parse(JSON.stringify(order))).toEqual(order);
  }
  expect(actions.lock).toHaveBeenCalledTimes(2);
});

test("a notice on the terminal goes before the lock, and stands no longer", async () => {
  const shown = new Map([
    [ONE, BAR],
    [TWO, BAR],
  ]);
  await carryOut(idle, sceneOf(), shown);
  expect(actions.lock.mock.calls[0]?.[1]).toEqual(BAR);
  expect([...shown.keys()]).toEqual([TWO]);
});

test("a lock that fails is recorded with why, and ends nobody by itself", async () => {
  actions.lock.mockResolvedValue({ locked: false, outcome: "not locked: process 7 reads it" });
  expect(await carryOut(idle, sceneOf())).toBe(false);
  expect(records).toMatchObject([{ action: "lock", outcome: "not locked: process 7 reads it", ended: null }]);
  expect(actions.hangUp).not.toHaveBeenCalled();
});

test.each([
  ["user", "", "its user asked for it"],
  ["administrator", "root", "locked by root"],
] as const)("a lock that the %s asked for says so", async (cause, by, reason) => {
  await carryOut({ kind: "lock", id: TWO, cause, by }, sceneOf());
  expect(actions.lock.mock.calls[0]?.[2]).toMatchObject({ terminal: TWO, cause, by });
  expect(records).toMatchObject([{ action: "lock", cause, terminals: ["pts/2"], reason }]);
});

test("a terminal that is gone by now is not locked, nor is one that these actions cannot lock", async () => {
  await carryOut({ ...idle, id: "pts/9" }, sceneOf());
  expect(actions.lock).not.toHaveBeenCalled();
  const { lock: _, ...others } = actions;
  await carryOut(idle, sceneOf(), undefined, others as typeof actions);
  expect(records).toEqual([]);
});

const notice = (id: string): Decision => ({
  kind: "notice",
  id,
  standing: { sinceMs: NOW_MS, promisedMs: NOW_MS + 20 * S, givenMs: [] },
  endsAtMs: NOW_MS + 20 * S,
});

test("a notice before a lock is recorded as one; that of the login's age still closes", async () => {
  await carryOut(notice(ONE), sceneOf());
  await carryOut(notice(WHOLE_LOGIN), sceneOf());
  expect(records.map(({ reason }) => reason)).toEqual(["locks in 20 s", "closes in 20 s"]);
});

test("nothing is written over a lock", async () => {
  const stay: Decision = { kind: "stay", id: WHOLE_LOGIN, why: "policy" };
  const one = sceneOf({ locked: { [ONE]: [S, 0] } });
  await carryOut(notice(WHOLE_LOGIN), one);
  await carryOut(stay, one);
  expect(actions.showNotice.mock.calls.map(([{ id }]) => id)).toEqual([TWO]);
  expect(actions.showStays.mock.calls.map(([{ id }]) => id)).toEqual([TWO]);
  await carryOut(notice(WHOLE_LOGIN), sceneOf({ locked: { [ONE]: [S, 0], [TWO]: [S, 0] } }));
  expect(actions.showNotice).toHaveBeenCalledTimes(1);
  expect(records.at(-1)).toMatchObject({ outcome: "not given: the terminal is locked" });
});

test("a locked terminal that is hung up says and records how long it was locked", async () => {
  const scene = sceneOf({ locked: { [ONE]: [600 * S, 1] } });
  await carryOut({ kind: "hang-up", id: ONE, reason: "lock_max" }, scene);
  const reason = "locked for 10 min, the most allowed is 10 min";
  expect(records).toMatchObject([{ action: "hang-up", cause: "lock_max", terminals: ["pts/1"], reason }]);
  expect(farewells).toEqual([[ONE, expect.stringContaining(reason)]]);
});

test("a login that ends for wrong answers tells of the terminal where they were given", async () => {
  const scene = sceneOf({ locked: { [ONE]: [10 * S, 3], [TWO]: [600 * S, 0] } });
  expect(await carryOut({ kind: "end", reason: "lock_tries", ids: [TWO, ONE] }, scene)).toBe(true);
  const reason = "3 wrong answers, the most allowed is 3";
  expect(records).toMatchObject([{ action: "end", cause: "lock_tries", reason }]);
  expect(farewells).toEqual([
    [ONE, expect.stringContaining(reason)],
    [TWO, expect.stringContaining("locked for 10 min")],
  ]);
});

test("a login that ends for lock_max tells of the terminal that was locked last", async () => {
  const scene = sceneOf({ locked: { [ONE]: [900 * S, 0], [TWO]: [600 * S, 0] } });
  await carryOut({ kind: "end", reason: "lock_max", ids: [ONE, TWO] }, scene);
  expect(records).toMatchObject([{ action: "end", reason: expect.stringContaining("locked for 10 min,") }]);
});

test.each([
  ["about when lock_max ends it", "lock_max", 600 * S, true],
  ["long after that", "lock_max", 700 * S, false],
  ["for wrong answers", "lock_tries", 600 * S, false],
] as const)("an end %s: a session that began at the last moment", async (_, reason, lockedMs, mayLive) => {
  const scene = sceneOf({ locked: { [ONE]: [lockedMs, 3], [TWO]: [lockedMs, 0] } });
  await carryOut({ kind: "end", reason, ids: [ONE, TWO] }, scene);
  expect(actions.endLogin.mock.calls[0]?.[2].sinceMs !== undefined).toBe(mayLive);
});

test("terminals of a login that was spared are recorded as hung up for their lock", async () => {
  actions.endLogin.mockResolvedValue({ ended: true, spared: true, steps: ["sshd lives on"] });
  const scene = sceneOf({ locked: { [ONE]: [600 * S, 0], [TWO]: [600 * S, 0] } });
  expect(await carryOut({ kind: "end", reason: "lock_max", ids: [ONE, TWO] }, scene)).toBe(false);
  expect(records.map(({ action, cause }) => [action, cause])).toEqual([
    ["hang-up", "lock_max"],
    ["hang-up", "lock_max"],
    ["stay", "activity"],
  ]);
});
