// One check from beginning to end: observe, judge, act, and say when to look again.
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnTerminal } from "../activity/look.ts";
import { FROM_AFAR } from "../ending/from-afar.ts";
import type { TerminalActions } from "../ending/terminal-actions.ts";
import { findLogin, type Login } from "../login/login.ts";
import type { ProcessRef } from "../login/process.ts";
import { terminalsOf } from "../login/terminal.ts";
import type { Shown } from "../notice/show.ts";
import { type Applied, withIdleTimeout } from "../policy/policy.ts";
import {
  type ClockMap,
  type Clocks,
  mapClocks,
  parseTold,
  readClocks,
  uptimeShiftS,
} from "../system/clock.ts";
import { endAfter } from "../system/libc.ts";
import { reasonOf } from "../text/reason-of.ts";
import { act, recordFaults, recordStays, type Scene } from "./act.ts";
import { decidePolicy, isUninstalled } from "./decide.ts";
import { recordFault } from "./fault.ts";
import { judge, type Verdict } from "./judge.ts";
import { type Memory, readMemory, writeMemory } from "./memory.ts";
import { type Known, NOTHING_SEEN, type Observation, observe } from "./observe.ts";
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
  /** The look before hung, and the kernel ended it: from afar, and no process of the login's user is looked at. */
  readonly isBlind?: boolean | undefined;
  /** The last check hung: see `Known.isFromAfar`. */
  readonly isFromAfar?: boolean | undefined;
}

/** The login is gone, or seconds until the next check. */
export type Outcome = "done" | number;

/** While a notice stands the policy is read again this often. */
const POLICY_MS = 5_000;

/**
 * A look, and what comes of it, that takes longer than this hangs: the kernel then ends the check, and the watchdog starts one that
 * looks from afar.
 */
const LONGEST_LOOK_S = 120;

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
  readonly wrapHost?: WrapHost | undefined;
}

/** A process that stands in a terminal's stream: it remembers by itself, sees more of that terminal, and has its own ways to act on it. */
export interface WrapHost {
  readonly recall: () => Memory;
  readonly keep: (memory: Memory) => void;
  readonly own: OwnTerminal;
  readonly actions: TerminalActions;
  /** Its terminal has ended; the login may live on with others. */
  readonly isOver: () => boolean;
}

/** Runs one check; stays while a notice stands. Throws when the login could not be judged: then nothing was done to it. */
export async function guard(
  assignment: Assignment,
  { idleTimeoutMs, watch, wrapHost }: GuardOptions = {},
): Promise<Outcome> {
  let reading = readClocks();
  const keep = wrapHost?.keep ?? ((memory: Memory) => void writeMemory(assignment.stateDirectory, memory));
  let memory = wrapHost ? note(wrapHost.recall(), reading) : recall(assignment, reading);
  let decided: { applied: Applied; atMs: number } | undefined;
  let lookedAtMs: number | undefined;
  const shown = new Map<string, Shown>();
  // The process of a sweep looks at others too, and a wrap's is its terminal's: they must not end for it.
  const isAlone = watch === undefined && wrapHost === undefined;
  const { isBlind = false } = assignment;
  const isFromAfar = isBlind || assignment.isFromAfar;
  const actions = wrapHost?.actions ?? (isFromAfar ? FROM_AFAR : undefined);
  for (;;) {
    const login = findLogin({ ...assignment, child: assignment.child ?? memory.child });
    if (!login) return "done";
    if (!decided || reading.bootMs - decided.atMs >= POLICY_MS || isUninstalled()) {
      const { applied, lastGood, groups, complaint } = await decidePolicy(assignment, login, memory);
      if (complaint && complaint !== memory.complaint) await recordFault(login, applied, complaint);
      memory = { ...memory, lastGood, groups, complaint };
      decided = { applied: withIdleTimeout(applied, idleTimeoutMs), atMs: reading.bootMs };
      // Resolving groups can take seconds, and the clocks must be those of the look: a key that came meanwhile lies ahead of older ones.
      reading = readClocks();
      memory = note(memory, reading);
    }
    const { applied } = decided;

    const map = mapClocks(memory.history, reading);
    if (isAlone) endAfter(LONGEST_LOOK_S);
    const known: Known = { isFromAfar, ...(isBlind && { tree: [] }), ...(wrapHost && { own: wrapHost.own }) };
    const { observation, failure } = await lookSafely(login, memory, map, applied, known);
    const unseenMs = lookedAtMs === undefined ? 0 : map.toIdleMs(reading.bootMs) - map.toIdleMs(lookedAtMs);
    const verdict = judge({ ...situationOf(login, applied, observation, memory, map), unseenMs });
    lookedAtMs = reading.bootMs;
    const scene = { login, applied, observation, map };
    await recordStays(scene, memory.subjects);
    await recordFaults(scene, memory.faults);
    // What is done takes its time, and must not be cut short between a stop and what it is for.
    if (isAlone) endAfter(LONGEST_LOOK_S);
    const ended = await act(verdict, scene, shown, actions);
    watch?.({ scene, verdict, ended, complaint: memory.complaint });
    const seen = failure ? { ...observation, subjects: memory.subjects, use: memory.use } : observation;
    memory = remember(memory, login, seen, verdict, map);
    if (ended || wrapHost?.isOver()) return "done";
    // While a notice of `max_login` stands, the check goes on without a look.
    if (failure && !verdict.noticePending) {
      keep(memory);
      throw failure;
    }
    if (isAlone) endAfter(0);

    const rest = restAfter(verdict, memory.complaint, watch !== undefined);
    keep(memory);
    if (rest.leaves) return rest.answerS;
    await sleep(rest.waitMs);
    reading = readClocks();
    memory = note(memory, reading);
  }
}

/**
 * Looks. Where that fails, the login's age is still judged, and nothing else is: what could not be looked at ends nobody for being idle.
 */
async function lookSafely(
  login: Login,
  memory: Memory,
  map: ClockMap,
  applied: Applied,
  known: Known,
): Promise<{ observation: Observation; failure?: unknown }> {
  try {
    return { observation: await observe(login, memory, map, applied, known) };
  } catch (failure) {
    const observation = {
      ...NOTHING_SEEN,
      terminals: terminalsSafely(login),
      faults: { login: reasonOf(failure) },
    };
    return { observation, failure };
  }
}

/** Where a notice of the login's age can be written all the same. */
function terminalsSafely(login: Login): Observation["terminals"] {
  try {
    return terminalsOf(login, { tree: [] });
  } catch {
    return [];
  }
}

/** What the last check left, and what the watchdog has noted since then. */
function recall({ stateDirectory, clockHistory }: Assignment, now: Clocks): Memory {
  const memory = readMemory(stateDirectory);
  return note(memory, now, clockHistory === "" ? undefined : parseTold(clockHistory, uptimeShiftS()));
}
