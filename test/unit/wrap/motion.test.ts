// What a policy makes of a mouse that moves over a wrapped terminal.
import { expect, test } from "vitest";
import { BLANK } from "../../../src/guard/memory.ts";
import { interpret } from "../../../src/guard/observe.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { mapClocks } from "../../../src/system/clock.ts";

const now = { bootMs: 500_000, wallMs: 1_700_000_000_000 };
const login = { server: { pid: 4711, startTicks: 12 } } as Login;
const terminal = {
  id: "34816-4712-20",
  leader: { pid: 4712, startTicks: 20 },
  foregroundJob: [],
} as unknown as Terminal;

const lastInputMs = (lastKeyMs: number, lastMotionMs: number, mouseMotion: boolean) => {
  const seen = {
    id: terminal.id,
    accessedWallS: now.wallMs / 1000,
    modifiedWallS: now.wallMs / 1000,
    unreadBytes: [0],
    canonical: false,
    exact: { lastKeyMs, lastMotionMs, lastOutputMs: 0 },
    job: {},
  };
  const { subjects } = interpret({
    login,
    terminals: [terminal],
    look: {
      bootMs: now.bootMs,
      terminals: [seen],
      faults: {},
      commandsRun: false,
      detached: {},
    },
    stays: [],
    memory: BLANK,
    map: mapClocks([], now),
    limits: { ...DEFAULT_LIMITS, mouseMotion },
  });
  return subjects[terminal.id]?.lastActivity.atMs;
};

test.each([
  ["a motion after the last key counts", 100_000, 300_000, true, 300_000],
  ["unless the policy says that it does not", 100_000, 300_000, false, 100_000],
  ["a key after the last motion counts", 400_000, 300_000, true, 400_000],
  ["whatever the policy says of motion", 400_000, 300_000, false, 400_000],
  ["no motion yet is none", 100_000, 0, true, 100_000],
])("%s", (_, keyMs, motionMs, mouseMotion, expectedMs) => {
  expect(lastInputMs(keyMs, motionMs, mouseMotion)).toBe(expectedMs);
});
