// What a sweep says of each login, and which logins it treats: with a guard that answers what a case asks for.
import { beforeEach, expect, test, vi } from "vitest";
import { type News, sweep } from "../../../../src/commands/sweep/sweep.ts";
import type { Scene } from "../../../../src/guard/act.ts";
import type { CheckedLook, HostOptions } from "../../../../src/guard/host.ts";
import type { Decision } from "../../../../src/guard/judge.ts";
import type { Login } from "../../../../src/login/login.ts";

const parts = vi.hoisted(() => ({
  logins: vi.fn<() => Login[]>(),
  isGuarded: vi.fn<(login: Login) => boolean>(),
  findLogin: vi.fn<(login: Login) => Login | undefined>(),
  claim: vi.fn<(login: Login) => string | undefined>(),
  guard: vi.fn<(host: HostOptions) => Promise<void>>(),
  sessionsSince: vi.fn<(login: Login, sinceMs: number) => unknown[]>(),
}));
vi.mock("../../../../src/login/process.ts", async (original) => ({
  ...(await original<object>()),
  allProcesses: () => new Map(),
}));
vi.mock("../../../../src/login/all.ts", () => ({ findLogins: parts.logins }));
vi.mock("../../../../src/login/watchdogs.ts", () => ({ guardedAmong: () => parts.isGuarded }));
vi.mock("../../../../src/commands/sweep/state.ts", () => ({
  prepareState: () => undefined,
  claim: parts.claim,
}));
vi.mock("../../../../src/ending/newcomers.ts", () => ({ sessionsSince: parts.sessionsSince }));
vi.mock("../../../../src/guard/guard.ts", () => ({ guard: parts.guard }));
vi.mock("../../../../src/guard/host.ts", () => ({
  hostOf: (_: unknown, options: HostOptions) => options,
}));
vi.mock("../../../../src/login/login.ts", async (original) => ({
  ...(await original<typeof import("../../../../src/login/login.ts")>()),
  findLogin: parts.findLogin,
}));
vi.mock("../../../../src/commands/sweep/actions.ts", () => ({
  sweepActionsOf: (decisions: readonly Decision[]) => [
    { terminals: ["pts/1"], kind: decisions[0]?.kind ?? "stay" },
  ],
  wordsOf: ({ kind }: { kind: string }) => kind,
}));

const ref = { pid: 10, startTicks: 1 };
const login = { privileged: ref, child: undefined, server: ref, user: "alice" } as unknown as Login;
const end: Decision = { kind: "end", reason: "idle", ids: ["pts/1"] };
const hangUp: Decision = { kind: "hang-up", id: "pts/1", reason: "idle" };

function look(decisions: readonly Decision[], more: Partial<CheckedLook> = {}): CheckedLook {
  const verdict = { decisions, standing: {}, endsAtMs: {}, wakeInMs: 0, noticePending: false };
  const scene = { map: { now: { bootMs: 4711 } } } as Scene;
  return { scene, verdict, ended: false, complaint: undefined, ...more };
}

/** A sweep in which the guard has these looks, one after the other. */
async function sweepOf(looks: readonly CheckedLook[], idleTimeoutMs?: number): Promise<News[]> {
  parts.guard.mockImplementation(async ({ watch }) => {
    for (const it of looks) watch?.(it);
  });
  const news: News[] = [];
  await sweep({ configPath: "/none", idleTimeoutMs }, (it) => news.push(it));
  return news;
}

beforeEach(() => {
  vi.resetAllMocks();
  parts.logins.mockReturnValue([login]);
  parts.claim.mockReturnValue("/none");
  parts.findLogin.mockReturnValue(login);
  parts.sessionsSince.mockReturnValue([]);
});

test("tells what was done, and of a login that nothing was done to, that it was kept", async () => {
  expect(await sweepOf([look([end], { ended: true })])).toEqual([{ kind: "done", line: "end" }]);
  expect(await sweepOf([look([])])).toEqual([{ kind: "kept", line: "stay" }]);
  parts.findLogin.mockReturnValue(undefined);
  expect(await sweepOf([look([])])).toEqual([]);
});

test("a login that did not end is a fault, and so is a terminal that must be hung up again", async () => {
  expect(await sweepOf([look([end])])).toEqual([{ kind: "fault", line: "alice (sshd 10): it did not end" }]);
  expect(await sweepOf([look([hangUp]), look([])])).toEqual([{ kind: "done", line: "hang-up" }]);
  expect(await sweepOf([look([hangUp]), look([hangUp])])).toEqual([
    { kind: "done", line: "hang-up" },
    { kind: "fault", line: "alice (sshd 10): terminal pts/1 did not end" },
  ]);
});

test("a login that did not end since a session began in it is no fault", async () => {
  parts.sessionsSince.mockReturnValue([{ pid: 11, startTicks: 2 }]);
  expect(await sweepOf([look([end])])).toEqual([
    { kind: "done", line: "kept alice (sshd 10): a session began in it just before its end" },
  ]);
  expect(parts.sessionsSince).toHaveBeenCalledWith(login, 4711);
});

test("a policy that cannot be read is a fault, and so is a login that cannot be judged", async () => {
  expect(await sweepOf([look([], { complaint: "bad policy" })])).toEqual([
    { kind: "fault", line: "alice (sshd 10): bad policy" },
  ]);
  parts.claim.mockImplementation(() => {
    throw new Error("no state");
  });
  expect(await sweepOf([])).toEqual([{ kind: "fault", line: "alice (sshd 10): no state" }]);
});

test("leaves a login that another sweep is at", async () => {
  parts.claim.mockReturnValue(undefined);
  expect(await sweepOf([look([end])])).toEqual([
    { kind: "kept", line: "skipped alice (sshd 10): another sweep is working on it" },
  ]);
  expect(parts.guard).not.toHaveBeenCalled();
});

test("leaves a login to root's watchdog, unless another limit is asked for", async () => {
  parts.isGuarded.mockReturnValue(true);
  expect(await sweepOf([look([])])).toEqual([]);
  expect(await sweepOf([look([])], 60_000)).toEqual([{ kind: "kept", line: "stay" }]);
  expect(parts.guard.mock.lastCall?.[0].idleTimeoutMs).toBe(60_000);
});
