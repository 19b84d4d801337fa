// A login that cannot be looked at: its age is judged all the same, and the look is bounded.
import { afterEach, expect, test, vi } from "vitest";
import { FROM_AFAR } from "../../../src/ending/from-afar.ts";
import type { Scene } from "../../../src/guard/act.ts";
import { guard } from "../../../src/guard/guard.ts";
import { type Host, hostOf } from "../../../src/guard/host.ts";
import type { Verdict } from "../../../src/guard/judge.ts";
import type { Occasion } from "../../../src/guard/observe.ts";
import type { Limits } from "../../../src/policy/policy.ts";
import { hostWith, NOBODY } from "../../support/hosts.ts";

const M = 60_000;
const mocked = vi.hoisted(() => ({ observe: vi.fn(), act: vi.fn(), endAfter: vi.fn() }));
vi.mock("../../../src/guard/observe.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/observe.ts")>()),
  observe: mocked.observe,
}));
vi.mock("../../../src/guard/act.ts", async (original) => ({
  ...(await original<typeof import("../../../src/guard/act.ts")>()),
  act: mocked.act,
}));
vi.mock("../../../src/system/libc.ts", async (original) => ({
  ...(await original<typeof import("../../../src/system/libc.ts")>()),
  endAfter: mocked.endAfter,
}));
afterEach(() => vi.clearAllMocks());

const assignment = { stateDirectory: "/dev/null/afkill", configPath: "/nowhere", clockHistory: "" };
const NO_TERMINAL = new Error("no such terminal");

/** A host that lets nobody look. Tells what the verdicts were. */
function blindHost(limits: Partial<Limits>, parts: Partial<Host> = {}): { host: Host; decisions: unknown[] } {
  const decisions: unknown[] = [];
  const host = hostWith({
    limits: { warnBeforeMs: [], ...limits },
    observe: async () => {
      throw NO_TERMINAL;
    },
    act: async (verdict) => {
      decisions.push(...verdict.decisions);
      return verdict.decisions.some(({ kind }) => kind === "end");
    },
    ...parts,
  });
  return { host, decisions };
}

test("a login of no great age is left alone, the check fails, and what was known is kept", async () => {
  const saved = vi.fn();
  const { host, decisions } = blindHost({}, { save: saved });
  await expect(guard(host)).rejects.toBe(NO_TERMINAL);
  expect(decisions).toEqual([]);
  expect(saved.mock.calls).toMatchObject([[{ subjects: {}, faults: { login: "no such terminal" } }]]);
});

test("a login that is as old as max_login allows ends", async () => {
  const { host, decisions } = blindHost({ maxLoginMs: 1 });
  expect(await guard(host)).toBe("done");
  expect(decisions).toEqual([{ kind: "end", reason: "max_login", ids: [] }]);
});

test("while a notice of its age stands the check goes on, although every look fails", async () => {
  const { host, decisions } = blindHost({ maxLoginMs: 61 * M, warnBeforeMs: [2 * M] });
  expect(await guard(host)).toBe("done");
  expect(decisions).toMatchObject([{ kind: "notice" }, { kind: "end", reason: "max_login" }]);
});

test("terminals that cannot be listed are none, and the login's age is judged", async () => {
  const scenes: Scene[] = [];
  const { host } = blindHost(
    { maxLoginMs: 1 },
    {
      terminalsOf: () => {
        throw new Error("no /proc");
      },
      act: async (_, scene) => {
        scenes.push(scene);
        return true;
      },
    },
  );
  expect(await guard(host)).toBe("done");
  expect(scenes).toMatchObject([{ observation: { terminals: [] } }]);
});

test("a look is bounded, what comes of it too, and the sleep after it is not", async () => {
  const order: string[] = [];
  const host = hostWith({
    endAfter: (seconds) => void order.push(`alarm ${seconds}`),
    observe: async () => {
      order.push("look");
      return NOBODY;
    },
    act: async () => {
      order.push("act");
      return false;
    },
  });
  expect(await guard(host)).toBeGreaterThan(M / 1000);
  expect(order).toEqual(["alarm 120", "look", "alarm 120", "act", "alarm 0"]);
});

test("whoever looks at many logins, or stands in a terminal, does not end for one look", () => {
  hostOf(assignment, { watch: () => undefined }).endAfter(120);
  expect(mocked.endAfter).not.toHaveBeenCalled();
  hostOf(assignment).endAfter(120);
  expect(mocked.endAfter).toHaveBeenCalledWith(120);
});

test("after a look that hung no process of the user's is looked at, and no terminal is opened", async () => {
  const host = hostOf({ ...assignment, isBlind: true });
  await host.observe({} as Occasion);
  expect(mocked.observe.mock.lastCall?.at(-1)).toEqual({ isFromAfar: true, isBlind: true });
  await host.act({ decisions: [{ kind: "hang-up", id: "pts/1" }] } as unknown as Verdict, {} as Scene);
  expect(mocked.act.mock.lastCall?.at(-1)).toBe(FROM_AFAR);
});
