// Who can lock a terminal: the check of root's watchdog, and nobody else.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TerminalActions } from "../../../src/ending/terminal-actions.ts";
import { type Assignment, type HostOptions, hostOf, type WrapHost } from "../../../src/guard/host.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import type { Occasion } from "../../../src/guard/observe.ts";
import { ALICE, NOBODY, policyOf } from "../../support/hosts.ts";

const mocked = vi.hoisted(() => ({
  takeAsks: vi.fn(),
  isAsked: vi.fn(),
  isAlive: vi.fn(),
  restoreLocks: vi.fn(),
  locksOf: vi.fn(),
  decidePolicy: vi.fn(),
  observe: vi.fn(),
  record: vi.fn(),
}));
vi.mock("../../../src/lock/ask.ts", () => ({ takeAsks: mocked.takeAsks }));
vi.mock("../../../src/lock/ask-places.ts", () => ({ isAsked: mocked.isAsked }));
vi.mock("../../../src/login/process.ts", async (original) => ({
  ...(await original<typeof import("../../../src/login/process.ts")>()),
  isAlive: mocked.isAlive,
}));
vi.mock("../../../src/lock/restore.ts", () => ({ restoreLocks: mocked.restoreLocks }));
vi.mock("../../../src/lock/record.ts", async (original) => ({
  ...(await original<typeof import("../../../src/lock/record.ts")>()),
  locksOf: mocked.locksOf,
}));
vi.mock("../../../src/audit/record.ts", () => ({ record: mocked.record }));
vi.mock("../../../src/guard/decide.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/decide.ts")>()),
  decidePolicy: mocked.decidePolicy,
}));
vi.mock("../../../src/guard/observe.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/observe.ts")>()),
  observe: mocked.observe,
}));

const assignment: Assignment = { stateDirectory: "/run/afkill/11-1", configPath: "/x", clockHistory: "" };
const ASK = { terminal: "pts/3", cause: "user", by: "" };
const LOCK = { number: 3, sinceMs: 7, locker: { pid: 8, startTicks: 9 } };
const applied = policyOf({ atLimit: "lock" });
const wrapHost = { actions: {} as TerminalActions, own: { leaderPid: 7 } } as unknown as WrapHost;

beforeEach(() => {
  vi.resetAllMocks();
  mocked.takeAsks.mockReturnValue([ASK]);
  mocked.isAsked.mockReturnValue(true);
  mocked.isAlive.mockReturnValue(false);
  mocked.restoreLocks.mockResolvedValue([]);
  mocked.locksOf.mockReturnValue([LOCK]);
  mocked.decidePolicy.mockResolvedValue({ applied, lastGood: applied });
  mocked.observe.mockResolvedValue(NOBODY);
});
afterEach(() => void vi.restoreAllMocks());

function hostAs(uid: number, more: Partial<Assignment> = {}, options: HostOptions = {}) {
  vi.spyOn(process, "geteuid").mockReturnValue(uid);
  return hostOf({ ...assignment, ...more }, options);
}

test("the check of root's watchdog locks at the limit, and hears what was asked for", async () => {
  const host = hostAs(0);
  expect((await host.decidePolicy(ALICE, BLANK)).applied.limits.atLimit).toBe("lock");
  expect(await host.observe({ login: ALICE } as Occasion)).toMatchObject({ asks: [ASK] });
  expect(mocked.takeAsks).toHaveBeenCalledWith(ALICE, "/run/afkill/11-1");
});

test.each<[string, Parameters<typeof hostAs>]>([
  ["a user's own watchdog", [1000]],
  ["a wrap", [0, {}, { wrapHost }]],
  ["a look from afar", [0, { isFromAfar: true }]],
  ["a look after one that hung", [0, { isBlind: true }]],
  ["a sweep", [0, { stateDirectory: "/run/afkill/sweep/11-1" }, { watch: () => undefined }]],
  ["a watchdog that can write nowhere", [0, { stateDirectory: "/dev/null/afkill" }]],
])("%s ends what another check would lock, and takes no ask", async (_, [uid, more, options]) => {
  const host = hostAs(uid, more, options);
  const decided = await host.decidePolicy(ALICE, BLANK);
  expect(decided.applied.limits.atLimit).toBe("end");
  // The watchdog's next check may be able to lock.
  expect(decided.lastGood?.limits.atLimit).toBe("lock");
  expect(await host.observe({ login: ALICE } as Occasion)).not.toHaveProperty("asks");
  expect(mocked.takeAsks).not.toHaveBeenCalled();
});

test("an ask is not lost with a look that fails", async () => {
  mocked.observe.mockRejectedValue(new Error("no"));
  await expect(hostAs(0).observe({ login: ALICE } as Occasion)).rejects.toThrow("no");
  expect(mocked.takeAsks).not.toHaveBeenCalled();
});

test("a terminal whose locker is gone is given back before its lock is read, and recorded", async () => {
  const order: string[] = [];
  mocked.restoreLocks.mockImplementation(async () => {
    order.push("given back");
    return ["pts/4"];
  });
  mocked.locksOf.mockImplementation(() => {
    order.push("read");
    return [LOCK];
  });
  expect(await hostAs(0).readLocks(ALICE, applied)).toEqual({ "pts/3": LOCK });
  expect(mocked.isAlive).toHaveBeenCalledWith(LOCK.locker);
  expect(order).toEqual(["read", "given back", "read"]);
  expect(mocked.record.mock.calls).toMatchObject([
    [{ action: "unlock", cause: "fault", terminals: ["pts/4"], user: "alice", ended: null }],
  ]);
});

test("a terminal whose locker lives stays locked", async () => {
  mocked.isAlive.mockReturnValue(true);
  expect(await hostAs(0).readLocks(ALICE, applied)).toEqual({ "pts/3": LOCK });
  expect(mocked.restoreLocks).not.toHaveBeenCalled();
});

test("where nobody has asked, no ask is looked for", async () => {
  mocked.isAsked.mockReturnValue(false);
  expect(await hostAs(0).observe({ login: ALICE } as Occasion)).not.toHaveProperty("asks");
  expect(mocked.isAsked).toHaveBeenCalledWith(ALICE, "/run/afkill/11-1");
  expect(mocked.takeAsks).not.toHaveBeenCalled();
});

test("a sweep gives back too: it looks at logins that nobody guards", async () => {
  await hostAs(0, {}, { watch: () => undefined }).readLocks(ALICE, applied);
  expect(mocked.restoreLocks).toHaveBeenCalledTimes(1);
});

test.each<[string, Parameters<typeof hostAs>]>([
  ["a user", [1000]],
  ["a wrap", [0, {}, { wrapHost }]],
  ["a look from afar, which touches no terminal", [0, { isFromAfar: true }]],
])("locks are only read by %s", async (_, args) => {
  expect(await hostAs(...args).readLocks(ALICE, applied)).toHaveProperty(["pts/3"]);
  expect(mocked.restoreLocks).not.toHaveBeenCalled();
});
