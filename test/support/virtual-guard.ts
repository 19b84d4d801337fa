// The watchdog and its checks on a virtual host: pam/watchdog told again in TypeScript (test/unit/pam/watchdog.test.ts runs the real
// one), the loop of src/guard/guard.ts without its I/O, and in it the real pure core.

import { NO_POLICY } from "../../src/guard/decide.ts";
import { firstCheckS } from "../../src/guard/first-check.ts";
import { judge, type Verdict } from "../../src/guard/judge.ts";
import { BLANK, type Memory, parseMemory, serialise } from "../../src/guard/memory.ts";
import { interpret, NOTHING_SEEN, type Observation } from "../../src/guard/observe.ts";
import { note, remember, restAfter } from "../../src/guard/remember.ts";
import { situationOf } from "../../src/guard/situation.ts";
import type { Applied } from "../../src/policy/policy.ts";
import { mapClocks, parseTold } from "../../src/system/clock.ts";
import { type Host, Killed, loginOf, type Story, StoryOver } from "./virtual-host.ts";

/** One look of a check: what it knew, what came of it, and what it leaves. */
export interface Looked {
  readonly applied: Applied;
  readonly observation: Observation;
  readonly verdict: Verdict;
  readonly memory: Memory;
  /** Now, on the clock of the verdict's times. */
  readonly idleClockMs: number;
}

const SLICE_S = 20;
const GAP_LIMIT_S = 5;
const STEP_LIMIT_S = 2;
const MOST_ENTRIES = 20;
/** What a nap costs beside its sleep: a few forks. */
const NAP_OVERHEAD_MS = 5;

/** Guards the login of a story until it has ended or the story is over. `looked` hears of every look before its decisions are carried out. */
export function guardLogin(story: Story, host: Host, looked: (look: Looked) => void): void {
  let kept: string | undefined;
  let isAgain = false;
  for (;;) {
    try {
      watch(isAgain);
      return;
    } catch (error) {
      if (error instanceof StoryOver) return;
      if (!(error instanceof Killed)) throw error;
      if (error.forgets) kept = undefined;
      host.isRemembering = kept !== undefined;
      host.isNoting = host.isRemembering;
      isAgain = true;
      try {
        host.passUnwatched(error.downMs);
      } catch (over) {
        if (over instanceof StoryOver) return;
        throw over;
      }
    }
  }

  function watch(again: boolean): void {
    let checkedMs = host.runMs();
    let uptime = wholeSeconds().uptime;
    let due = 0;
    let pauseS = 30;
    let entries: string[] = [];
    const awake = story.isRoots ? [awakeNow()] : [];
    const begunS = wholeSeconds().uptime;
    nap(1);
    let noted = wholeSeconds();
    host.isNoting = true;
    const begin = [`start ${noted.uptime} ${noted.wall}`, ...awake];
    // What was reckoned before the policy changed is not believed.
    const isReckoned = !again && host.policyChangedMs < 0;
    due = begunS + (isReckoned ? firstCheckS([story.policy.limits]) : 0);
    while (!host.ended) {
      if (host.policyChangedMs > checkedMs) due = uptime;
      if (uptime >= due) {
        checkedMs = host.runMs();
        const answer = check([...begin, ...entries].join(";"));
        uptime = wholeSeconds().uptime;
        if (answer === "done") return;
        due = uptime + (answer ?? pauseS);
        pauseS = answer === undefined ? Math.min(2 * pauseS, 600) : 30;
      }
      const asked = Math.max(1, Math.min(due - uptime, SLICE_S));
      skipSlices(due - uptime);
      nap(asked);
      noteStep();
    }

    function nap(asked: number): void {
      const before = wholeSeconds().uptime;
      host.sleep(asked * 1000);
      host.pass(NAP_OVERHEAD_MS);
      uptime = wholeSeconds().uptime;
      const excess = uptime - before - asked;
      if (excess > GAP_LIMIT_S) addEntry(`gap ${uptime - excess} ${uptime}`);
    }

    function noteStep(): void {
      const now = wholeSeconds();
      const moved = now.wall - now.uptime - noted.wall + noted.uptime;
      if (Math.abs(moved) > STEP_LIMIT_S)
        addEntry(`step ${noted.uptime} ${noted.wall} ${now.uptime} ${now.wall}`, true);
      noted = now;
    }

    function addEntry(entry: string, isUrgent = false): void {
      entries = [...entries, entry].slice(-MOST_ENTRIES);
      if (isUrgent || entries.length === MOST_ENTRIES) due = uptime;
    }

    /** Slices in which nothing happens are all alike: all but the last two are passed at once. */
    function skipSlices(leftS: number): void {
      const sliceMs = SLICE_S * 1000 + NAP_OVERHEAD_MS;
      const quietMs = Math.min(host.nextHappeningMs() - host.runMs() - 1, leftS * 1000);
      const slices = Math.floor(quietMs / sliceMs) - 2;
      if (slices < 1 || host.isSlow() || host.policyChangedMs > checkedMs) return;
      host.sleep(slices * sliceMs);
      noted = wholeSeconds();
      uptime = noted.uptime;
    }
  }

  /** What root's watchdog reads of /proc/uptime and /proc/timer_list. */
  function awakeNow(): string {
    const { bootMs, suspendedMs } = host.clocks();
    return `awake ${(bootMs / 1000).toFixed(2)} ${(bootMs - suspendedMs) * 1e6}`;
  }

  function wholeSeconds() {
    const { bootMs, wallMs } = host.clocks();
    return { uptime: Math.floor(bootMs / 1000), wall: Math.floor(wallMs / 1000) };
  }

  /** One check: the seconds that it prints, or `undefined` when it failed. */
  function check(told: string): number | "done" | undefined {
    const login = loginOf(story);
    host.pass(3);
    host.pass(20);
    if (host.checksFail) return undefined;
    let reading = host.clocks();
    let memory = kept === undefined ? BLANK : parseMemory(kept);
    memory = note(memory, reading, parseTold(told));
    let lookedAtMs: number | undefined;
    let decided: { applied: Applied; atMs: number } | undefined;
    for (;;) {
      if (!decided || reading.bootMs - decided.atMs >= 5000) {
        const complaint = host.policy === "broken" ? "broken" : undefined;
        const applied = host.policy === "broken" ? (memory.lastGood ?? NO_POLICY) : host.policy;
        memory = { ...memory, lastGood: complaint ? memory.lastGood : applied, complaint };
        decided = { applied, atMs: reading.bootMs };
        host.pass(5);
        reading = host.clocks();
        memory = note(memory, reading);
      }
      const { applied } = decided;
      const map = mapClocks(memory.history, reading);
      host.pass(2);
      const observation = see(login, memory, map, applied);
      const unseenMs = lookedAtMs === undefined ? 0 : map.toIdleMs(reading.bootMs) - map.toIdleMs(lookedAtMs);
      const situation = { ...situationOf(login, applied, observation, memory, map), unseenMs };
      lookedAtMs = reading.bootMs;
      const verdict = judge(situation);
      memory = remember(memory, login, observation, verdict, map);
      looked({ applied, observation, verdict, memory, idleClockMs: situation.nowMs });
      for (const decision of verdict.decisions) {
        if (decision.kind === "hang-up") host.close(decision.id);
        if (decision.kind === "end") host.ended = true;
      }
      if (host.ended) return "done";
      host.pass(3);
      const rest = restAfter(verdict, memory.complaint, false);
      keep(memory);
      if (rest.leaves) return rest.answerS;
      host.sleep(rest.waitMs);
      reading = host.clocks();
      memory = note(memory, reading);
    }
  }

  function keep(memory: Memory): void {
    kept = serialise(memory);
    host.isRemembering = true;
  }

  function see(
    login: ReturnType<typeof loginOf>,
    memory: Memory,
    map: ReturnType<typeof mapClocks>,
    { limits }: Applied,
  ): Observation {
    const terminals = host.terminals();
    if (terminals.length === 0 && !Number.isFinite(limits.noTerminalMs))
      return { ...NOTHING_SEEN, terminals };
    const stays = Number.isFinite(limits.maxStayMs) ? host.stays() : [];
    return interpret({ login, terminals, look: host.look(), stays, memory, map, limits });
  }
}
