// One check from beginning to end: observe, judge, act, and say when to look again.
import { setTimeout as sleep } from "node:timers/promises";
import { act, type Means, recordStays, type Scene } from "./act.ts";
import type { OwnTerminal } from "./activity/look.ts";
import { recordFault } from "./audit/fault.ts";
import { type ClockReading, mapClocks, newsFor, parseHistory, readClocks, withEvents } from "./clock.ts";
import { judge, type Verdict } from "./judge.ts";
import { findLogin } from "./login/login.ts";
import { type ProcessRef, readStat, startedBootMs } from "./login/process.ts";
import { type Memory, readMemory, writeMemory } from "./memory.ts";
import type { Shown } from "./notice/show.ts";
import { observe } from "./observe.ts";
import { decidePolicy, isUninstalled } from "./policy/decide.ts";
import { type Applied, withIdleTimeout } from "./policy/policy.ts";
import { note, remember, restAfter } from "./remember.ts";
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
/**
 * What a check does between two sleeps takes no longer than this, or so much longer that the machine stood still: a clock that
 * would tell how long it really took may have run on while the machine did not.
 */
const WORK_MS = 1_000;

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
  /** For a guard that lives as long as its login does. */
  readonly resident?: Resident | undefined;
}

/** A process that stands in a terminal's stream: it remembers by itself, sees more of that terminal, and has its own ways to act on it. */
export interface Resident {
  readonly recall: () => Memory;
  readonly keep: (memory: Memory) => void;
  readonly own: OwnTerminal;
  readonly means: Means;
  /** Its terminal has ended; the login may live on with others. */
  readonly isOver: () => boolean;
}

/** Runs one check; stays while a notice stands. Throws when the login could not be judged: then nothing was done to it. */
export async function guard(
  assignment: Assignment,
  { idleTimeoutMs, watch, resident }: GuardOptions = {},
): Promise<Outcome> {
  let reading = readClocks();
  let readAtMs = performance.now();
  const keep = resident?.keep ?? ((memory: Memory) => void writeMemory(assignment.stateDirectory, memory));
  let memory = resident?.recall() ?? note(recall(assignment), birth(), reading, Math.min(readAtMs, WORK_MS));
  let decided: { applied: Applied; atMs: number } | undefined;
  const shown = new Map<string, Shown>();
  for (;;) {
    const login = findLogin({ ...assignment, child: assignment.child ?? memory.child });
    if (!login) return "done";
    if (!decided || reading.bootMs - decided.atMs >= POLICY_MS || isUninstalled()) {
      const { applied, lastGood, groups, complaint } = await decidePolicy(assignment, login, memory);
      if (complaint && complaint !== memory.complaint) await recordFault(login, applied, complaint);
      memory = { ...memory, lastGood, groups, complaint };
      decided = { applied: withIdleTimeout(applied, idleTimeoutMs), atMs: reading.bootMs };
      // Resolving groups can take seconds, and the clocks must be those of the look: a key that came meanwhile lies ahead of older ones.
      const now = readClocks();
      memory = note(memory, reading, now, Math.min(performance.now() - readAtMs, WORK_MS));
      reading = now;
      readAtMs = performance.now();
    }
    const { applied } = decided;

    const map = mapClocks(memory.history, reading);
    const observation = await observe(login, memory, map, applied, resident && { own: resident.own });
    const verdict = judge(situationOf(login, applied, observation, memory, map));
    const scene = { login, applied, observation, map };
    await recordStays(scene, memory.subjects);
    const ended = await act(verdict, scene, shown, resident?.means);
    watch?.({ scene, verdict, ended, complaint: memory.complaint });
    memory = remember(memory, login, observation, verdict, map);
    if (ended || resident?.isOver()) return "done";

    const rest = restAfter(verdict, memory.complaint, watch !== undefined);
    const expectedMs = Math.min(performance.now() - readAtMs, WORK_MS) + (rest.leaves ? 0 : rest.waitMs);
    if (!rest.leaves) {
      keep(memory);
      await sleep(rest.waitMs);
    }
    const next = readClocks();
    memory = note(memory, reading, next, expectedMs);
    if (rest.leaves) {
      keep(memory);
      return rest.answerS;
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

function recall({ stateDirectory, clockHistory }: Assignment): Memory {
  const memory = readMemory(stateDirectory);
  const news = newsFor(memory.history, parseHistory(clockHistory));
  return { ...memory, history: withEvents(memory.history, news) };
}
