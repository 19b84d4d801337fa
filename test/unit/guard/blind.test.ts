// A login that cannot be looked at: its age is judged all the same, and the look is bounded.
import { beforeEach, expect, test, vi } from "vitest";
import { FROM_AFAR } from "../../../src/ending/from-afar.ts";
import type { Login } from "../../../src/login/login.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";

const M = 60_000;
const mocked = vi.hoisted(() => ({
  observe: vi.fn(),
  endAfter: vi.fn(),
  act: vi.fn(),
  maxLoginMs: 0,
  sleep: vi.fn(),
}));
vi.mock("../../../src/guard/observe.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/observe.ts")>()),
  observe: mocked.observe,
}));
vi.mock("../../../src/system/libc.ts", async (original) => ({
  ...(await original<typeof import("../../../src/system/libc.ts")>()),
  endAfter: mocked.endAfter,
}));
vi.mock("node:timers/promises", () => ({ setTimeout: mocked.sleep }));
vi.mock("../../../src/guard/act.ts", () => ({
  act: mocked.act,
  recordStays: vi.fn(),
  recordFaults: vi.fn(),
}));
vi.mock("../../../src/login/login.ts", async (original) => ({
  ...(await original<typeof import("../../../src/login/login.ts")>()),
  findLogin: () => ({ server: { pid: 1, startTicks: 1 }, startedBootMs: 0 }) as Login,
}));
vi.mock("../../../src/guard/decide.ts", () => ({
  isUninstalled: () => false,
  decidePolicy: async () => ({
    applied: {
      rule: "top level",
      exempt: false,
      limits: { ...DEFAULT_LIMITS, maxLoginMs: mocked.maxLoginMs, warnBeforeMs: [] },
    },
  }),
}));
const { guard } = await import("../../../src/guard/guard.ts");

const assignment = { stateDirectory: "/dev/null/afkill", configPath: "/nowhere", clockHistory: "" };

beforeEach(() => {
  vi.clearAllMocks();
  mocked.observe.mockRejectedValue(new Error("no such terminal"));
  mocked.act.mockImplementation(async ({ decisions }) => decisions.length > 0);
});

test.each([true, false])(
  "a login of no great age is left alone, and the check fails, blind or not: %s",
  async (isBlind) => {
    mocked.maxLoginMs = Number.POSITIVE_INFINITY;
    await expect(guard({ ...assignment, isBlind })).rejects.toThrow("no such terminal");
    expect(mocked.act.mock.calls.map(([verdict]) => verdict.decisions)).toEqual([[]]);
  },
);

test("after a look that hung no process of the user's is looked at, and no terminal is opened", async () => {
  await expect(guard({ ...assignment, isBlind: true })).rejects.toThrow();
  expect(mocked.observe.mock.calls[0]?.at(-1)).toEqual({ isFromAfar: true, tree: [] });
  expect(mocked.act.mock.calls[0]?.at(-1)).toBe(FROM_AFAR);
});

test.each([true, false])(
  "a login that is as old as max_login allows ends, blind or not: %s",
  async (isBlind) => {
    mocked.maxLoginMs = 1;
    await expect(guard({ ...assignment, isBlind })).resolves.toBe("done");
    expect(mocked.act.mock.calls[0]?.[0].decisions).toEqual([{ kind: "end", reason: "max_login", ids: [] }]);
  },
);

test("a look is bounded, the sleep after it is not", async () => {
  mocked.maxLoginMs = Number.POSITIVE_INFINITY;
  const order: string[] = [];
  mocked.endAfter.mockImplementation((seconds: number) => order.push(`alarm ${seconds}`));
  mocked.observe.mockImplementation(async () => {
    order.push("look");
    return { terminals: [], kind: "command", subjects: {}, commandsRun: false, faults: {} };
  });
  expect(await guard(assignment)).toBeGreaterThan(M / 1000);
  expect(order).toEqual(["alarm 120", "look", "alarm 120", "alarm 0"]);
  // Whoever looks at many logins, or stands in a terminal, must not end for one of them.
  order.length = 0;
  await guard(assignment, { watch: () => undefined });
  expect(order).toEqual(["look"]);
});
