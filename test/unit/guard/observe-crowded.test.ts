// Work on a host where many more want a CPU than there are.
import { expect, test } from "vitest";
import type { WorkCounters } from "../../../src/activity/job.ts";
import { BLANK } from "../../../src/guard/memory.ts";
import { interpret, LOGIN_SUBJECT } from "../../../src/guard/observe.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { mapClocks } from "../../../src/system/clock.ts";
import { counters } from "../../support/counters.ts";

const now = { bootMs: 500_000, wallMs: 1_700_000_000_000 };
const BEFORE_MS = 440_000;
const KEY_MS = 100_000;
const terminal = { id: "pts/1:4712-20", leader: { pid: 4712, startTicks: 20 }, foregroundJob: [] };

/** The last activity of a login a minute after the last look, in which its job got 1 % of a CPU and waited for it all the time. */
function lastActivity(id: string, preempted: number) {
  const job = (cpuMs: number): Record<string, WorkCounters> => ({
    "4713-21": counters({
      parent: 4712,
      cpuMs,
      threads: { 4713: [(cpuMs - 10_000) * 99, 600, cpuMs === 10_000 ? 0 : preempted] },
    }),
  });
  const seen = {
    id: terminal.id,
    accessedWallS: (now.wallMs - now.bootMs + KEY_MS) / 1000,
    modifiedWallS: 0,
    unreadBytes: [],
    canonical: true,
    job: job(10_600),
  };
  const isTerminal = id !== LOGIN_SUBJECT;
  const { subjects } = interpret({
    login: { server: { pid: 4711, startTicks: 12 }, startedBootMs: 0 } as Login,
    terminals: isTerminal ? [terminal as unknown as Terminal] : [],
    look: {
      bootMs: now.bootMs,
      terminals: isTerminal ? [seen] : [],
      faults: {},
      commandsRun: false,
      detached: isTerminal ? {} : job(10_600),
    },
    stays: [],
    memory: {
      ...BLANK,
      subjects: {
        [id]: {
          lastActivity: { source: "input", atMs: KEY_MS, detail: "a key" },
          baseline: { bootMs: BEFORE_MS, job: job(10_000) },
        },
      },
    },
    map: mapClocks([], now),
    limits: DEFAULT_LIMITS,
  });
  return subjects[id]?.lastActivity;
}

test.each([terminal.id, LOGIN_SUBJECT])("a job of %s that would go on if it were let works", (id) => {
  expect(lastActivity(id, 0)?.source).toBe("input");
  expect(lastActivity(id, 700)).toMatchObject({ source: "busy", atMs: now.bootMs });
});
