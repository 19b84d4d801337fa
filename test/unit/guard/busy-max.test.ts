// Work that never stops, in virtual time: a login that nothing else keeps ends at `busy_max` after its last key, warned as always.
import { expect, test } from "vitest";
import { busyAtMs } from "../../../src/activity/busy.ts";
import type { WorkCounters } from "../../../src/activity/job.ts";
import { explain } from "../../../src/commands/explain/explain.ts";
import { judge } from "../../../src/guard/judge.ts";
import { BLANK, type Memory, serialise } from "../../../src/guard/memory.ts";
import { parseMemory } from "../../../src/guard/memory-form.ts";
import { interpret } from "../../../src/guard/observe.ts";
import { remember } from "../../../src/guard/remember.ts";
import { situationOf } from "../../../src/guard/situation.ts";
import type { Login } from "../../../src/login/login.ts";
import type { Terminal } from "../../../src/login/terminal.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import type { Limits } from "../../../src/policy/policy.ts";
import { mapClocks } from "../../../src/system/clock.ts";

const M = 60_000;
const OFF = Number.POSITIVE_INFINITY;
const WALL_MS = 1_700_000_000_000;
const TERMINAL = { id: "pts/1:4712-20", leader: { pid: 4712, startTicks: 20 }, foregroundJob: [] };
const login = { server: { pid: 4711, startTicks: 12 }, startedBootMs: 0 } as Login;

/** It uses a whole CPU. */
function jobAt(cpuMs: number): Record<string, WorkCounters> {
  const still = { childrenCpuMs: 0, writtenBytes: 0, writesFile: false, writesSocket: false, follows: false };
  const none = { sockets: {}, places: {} };
  return {
    "4713-21": { name: "make", parent: 4712, startedBootMs: 1, part: "line", cpuMs, ...still, ...none },
  };
}

/** What becomes of a login that works, without a key: when it is warned, and when it ends. Keys at these times; transfers, without a terminal. */
function lived(limits: Partial<Limits>, isTerminal: boolean, usedAtMs: readonly number[] = []) {
  const applied = { rule: "", exempt: false, limits: { ...DEFAULT_LIMITS, ...limits } };
  const warnedMs: number[] = [];
  let memory: Memory = BLANK;
  let atMs = 1_000;
  while (atMs < 12 * 60 * M) {
    const map = mapClocks([], { bootMs: atMs, wallMs: WALL_MS + atMs });
    const key = Math.max(0, ...usedAtMs.filter((it) => it <= atMs));
    // The kernel's step of 8 s ends with the key.
    const accessedWallS = Math.floor((WALL_MS + key) / 8000) * 8;
    const seen = { id: TERMINAL.id, accessedWallS, modifiedWallS: 0, unreadBytes: [], canonical: true };
    const receivedBytes = 100_000_000 * usedAtMs.filter((it) => it <= atMs).length;
    const observation = interpret({
      login,
      terminals: isTerminal ? [TERMINAL as unknown as Terminal] : [],
      look: {
        bootMs: atMs,
        terminals: isTerminal ? [{ ...seen, job: jobAt(atMs) }] : [],
        faults: {},
        commandsRun: false,
        detached: isTerminal ? {} : jobAt(atMs),
        ...(isTerminal ? {} : { connection: { receivedBytes, sentBytes: 0 } }),
      },
      stays: [],
      memory,
      map,
      limits: applied.limits,
    });
    const verdict = judge(situationOf({ login, applied, memory, map }, observation));
    if (verdict.decisions.some(({ kind }) => kind === "end")) return { warnedMs, endMs: atMs };
    if (verdict.decisions.some(({ kind }) => kind === "notice")) warnedMs.push(atMs);
    memory = parseMemory(serialise(remember({ login, memory, map }, observation, verdict)));
    atMs += Math.max(1, verdict.wakeInMs);
  }
  return { warnedMs, endMs: undefined };
}

/** Within the kernel's step, and a look. */
const about = (ms: number) => expect.toSatisfy((it: number) => it >= ms && it <= ms + 9_500, `about ${ms}`);

test.each([true, false])(
  "terminal %s: ends at busy_max after the last key, and is warned before that",
  (isTerminal) => {
    const limits = { idleTimeoutMs: 15 * M, noTerminalMs: 15 * M };
    expect(lived(limits, isTerminal)).toEqual({
      warnedMs: [about(235 * M), about(239 * M)],
      endMs: about(240 * M),
    });
    // A key, or what moves without a terminal, begins it anew.
    const { endMs = 0 } = lived(limits, isTerminal, [90 * M, 230 * M]);
    if (isTerminal) expect(endMs).toEqual(about(470 * M));
    // What has moved is known only from the look after it.
    else expect(Math.abs(endMs - 475 * M)).toBeLessThan(5 * M);
    expect(lived({ ...limits, busyMaxMs: 20 * M }, isTerminal).endMs).toEqual(about(20 * M));
    // Work that may keep no longer than the limit keeps nothing.
    for (const busyMaxMs of [15 * M, 3 * M, 1_000])
      expect(lived({ ...limits, busyMaxMs }, isTerminal)).toEqual({
        warnedMs: [about(10 * M), about(14 * M)],
        endMs: about(15 * M),
      });
    expect(lived({ ...limits, busyMaxMs: OFF }, isTerminal).endMs).toBeUndefined();
    expect(lived({ idleTimeoutMs: OFF, noTerminalMs: OFF }, isTerminal).endMs).toBeUndefined();
  },
);

test("explain says the same", () => {
  const ends = (limits: Partial<Limits>) => {
    const base = { ...DEFAULT_LIMITS, ...limits };
    const policy = {
      base,
      exempt: { users: [], groups: [], maxLoginMs: Number.POSITIVE_INFINITY },
      rules: [],
      files: [],
    };
    const origins = { base: {}, exempt: { users: [], groups: [] }, rules: [] };
    return explain(policy, origins, { user: "ann", groups: [] }).forecast.working;
  };
  expect(ends({})?.end).toEqual({ afterMs: 240 * M, reason: "idle" });
  expect(ends({})?.warnings.map(({ afterMs }) => afterMs)).toEqual([235 * M, 239 * M]);
  expect(ends({ busyMaxMs: 3 * M })?.end?.afterMs).toBe(15 * M);
  expect(ends({ busyMaxMs: OFF })?.end).toBeUndefined();
  expect(ends({ idleTimeoutMs: OFF })?.end).toBeUndefined();
});

test("work counts until the limit before busy_max is over, and never for less than the key", () => {
  expect(busyAtMs(50, 10, 100, 20)).toBe(50);
  expect(busyAtMs(95, 10, 100, 20)).toBe(90);
  expect(busyAtMs(95, 10, 15, 20)).toBe(10);
  expect(busyAtMs(95, 10, OFF, 20)).toBe(95);
  expect(busyAtMs(95, 10, OFF, OFF)).toBe(95);
});
