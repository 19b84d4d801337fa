// One check from beginning to end: observe, judge, act, and say when to look again.
import { setTimeout as sleep } from "node:timers/promises";
import { act, recordStays, type Scene } from "./act.ts";
import { log } from "./audit/syslog.ts";
import {
  type ClockMap,
  type ClockReading,
  eventsBetween,
  mapClocks,
  mergeHistories,
  parseHistory,
  readClocks,
} from "./clock.ts";
import { judge, type Standing, type Verdict } from "./judge.ts";
import { findLogin, type Login } from "./login/login.ts";
import { type ProcessRef, readStat, startedBootMs } from "./login/process.ts";
import { type Memory, readMemory, type SubjectMemory, writeMemory } from "./memory.ts";
import type { Shown } from "./notice/show.ts";
import { type Observation, observe } from "./observe.ts";
import { decidePolicy } from "./policy/decide.ts";
import { type Applied, withIdleTimeout } from "./policy/policy.ts";
import { situationOf } from "./situation.ts";

/** What the watchdog tells a check of its login. */
export interface Assignment {
  readonly privileged?: ProcessRef | undefined;
  readonly child?: ProcessRef | undefined;
  /** The text of SSH_CONNECTION, where a hook runs as the user and cannot see the login's socket. */
  readonly connection?: string | undefined;
  readonly stateDirectory: string;
  readonly configPath: string;
  readonly clockHistory: string;
}

/** The login is gone, or seconds until the next check. */
export type Outcome = "done" | number;

/** While a notice stands the policy is read again this often. */
const POLICY_MS = 5_000;
/** So short a time is waited for in the check itself: the watchdog sleeps in whole seconds. */
const SHORT_MS = 2_000;
/**
 * What a check does between two sleeps takes no longer than this, or so much longer that the machine stood still: a clock that
 * would tell how long it really took may have run on while the machine did not.
 */
const WORK_MS = 1_000;
/** An ending that did not work is tried again after this. */
const RETRY_S = 10;
/** A fault that no file tells the end of, such as a group that cannot be resolved, is looked at again after this. */
const FAULT_WAKE_MS = 60_000;

/** One look of a check and what came of it, for whoever asked for the check. */
export interface Look {
  readonly scene: Scene;
  readonly verdict: Verdict;
  /** The login is gone. */
  readonly ended: boolean;
  /** What was wrong with the policy. */
  readonly complaint: string | undefined;
}

export interface GuardOptions {
  /** Used for the policy's idle timeout, unless the login is exempt. */
  readonly idleTimeoutMs?: number | undefined;
  /** Is told of each look. The check is then over as soon as no notice stands: there is no watchdog that would sleep. */
  readonly watch?: ((look: Look) => void) | undefined;
}

/** Runs one check; stays while a notice stands. Throws when the login could not be judged: then nothing was done to it. */
export async function guard(
  assignment: Assignment,
  { idleTimeoutMs, watch }: GuardOptions = {},
): Promise<Outcome> {
  let reading = readClocks();
  let readAtMs = performance.now();
  let memory = note(recall(assignment), birth(), reading, Math.min(readAtMs, WORK_MS));
  let decided: { applied: Applied; atMs: number } | undefined;
  const shown = new Map<string, Shown>();
  for (;;) {
    const login = findLogin({ ...assignment, child: assignment.child ?? memory.child });
    if (!login) return "done";
    if (!decided || reading.bootMs - decided.atMs >= POLICY_MS) {
      const { applied, lastGood, complaint } = await decidePolicy(assignment, login, memory);
      if (complaint && complaint !== memory.complaint) await log("warning", complaint);
      memory = { ...memory, lastGood, complaint };
      decided = { applied: withIdleTimeout(applied, idleTimeoutMs), atMs: reading.bootMs };
      // Resolving groups can take seconds, and the clocks must be those of the look: a key that came meanwhile lies ahead of older ones.
      const now = readClocks();
      memory = note(memory, reading, now, Math.min(performance.now() - readAtMs, WORK_MS));
      reading = now;
      readAtMs = performance.now();
    }
    const { applied } = decided;

    const map = mapClocks(memory.history, reading);
    const observation = await observe(login, memory, map, applied);
    const verdict = judge(situationOf(login, applied, observation, memory, map));
    const scene = { login, applied, observation, map };
    await recordStays(scene, memory.subjects);
    const { ended, wroteTo } = await act(verdict, scene, shown);
    watch?.({ scene, verdict, ended, complaint: memory.complaint });
    memory = remember(memory, login, observation, verdict, wroteTo, map);
    if (ended) return "done";

    const wakeInMs = memory.complaint ? Math.min(verdict.wakeInMs, FAULT_WAKE_MS) : verdict.wakeInMs;
    const triedToEnd = verdict.decisions.some(({ kind }) => kind === "end");
    // Rounded down, and the rest is waited for here: a notice that came late would put off the end.
    const hungUp = verdict.decisions.some(({ kind }) => kind === "hang-up");
    const mayLeave = wakeInMs > SHORT_MS || (watch !== undefined && !hungUp);
    const leaves = triedToEnd || (!verdict.stay && mayLeave);
    const expectedMs = Math.min(performance.now() - readAtMs, WORK_MS) + (leaves ? 0 : wakeInMs);
    if (!leaves) {
      writeMemory(assignment.stateDirectory, memory);
      await sleep(wakeInMs);
    }
    const next = readClocks();
    memory = note(memory, reading, next, expectedMs);
    if (leaves) {
      writeMemory(assignment.stateDirectory, memory);
      return triedToEnd ? RETRY_S : Math.floor(wakeInMs / 1000);
    }
    reading = next;
    readAtMs = performance.now();
  }
}

/** When this process started. What happened to the clocks since then no sleep of the watchdog shows. */
function birth(): ClockReading {
  const self = readStat(process.pid);
  if (!self) throw new Error("/proc does not show this process");
  return { bootMs: startedBootMs(self), wallMs: performance.timeOrigin };
}

/** Adds to the history what happened to the clocks between two readings. */
function note(memory: Memory, before: ClockReading, after: ClockReading, expectedMs: number): Memory {
  return { ...memory, history: [...memory.history, ...eventsBetween(before, after, expectedMs)] };
}

function recall({ stateDirectory, clockHistory }: Assignment): Memory {
  const memory = readMemory(stateDirectory);
  return { ...memory, history: mergeHistories(memory.history, parseHistory(clockHistory)) };
}

/** What the next look needs, with the notices that stand put back on the boot clock. */
function remember(
  memory: Memory,
  login: Login,
  observation: Observation,
  verdict: Verdict,
  wroteTo: readonly string[],
  { now, toIdleMs }: ClockMap,
): Memory {
  const offsetMs = now.bootMs - toIdleMs(now.bootMs);
  const subjects = Object.fromEntries(
    Object.entries(observation.subjects).map(([id, subject]): [string, SubjectMemory] => [
      id,
      wroteTo.includes(id) ? { ...subject, ownWriteWallS: Math.floor(Date.now() / 1000) } : subject,
    ]),
  );
  const standing = Object.fromEntries(
    Object.entries(verdict.standing).map(([id, { sinceMs, promisedMs, givenMs }]): [string, Standing] => {
      const before = memory.standing[id];
      const since = before && toIdleMs(before.sinceMs) === sinceMs ? before.sinceMs : sinceMs + offsetMs;
      return [id, { sinceMs: since, promisedMs: since + promisedMs - sinceMs, givenMs }];
    }),
  );
  return { ...memory, child: login.child ?? memory.child, subjects, standing };
}
