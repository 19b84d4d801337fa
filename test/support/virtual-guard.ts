// The watchdog and its checks on a virtual host: pam/watchdog told again in TypeScript (test/unit/pam/watchdog.host.test.ts runs the real
// one), and in it the real loop of src/guard/guard.ts on the real pure core.
import type { Scene } from "../../src/guard/act.ts";
import { NO_POLICY } from "../../src/guard/decide.ts";
import { firstCheckS } from "../../src/guard/first-check.ts";
import { type CheckOutcome, guard } from "../../src/guard/guard.ts";
import type { Host } from "../../src/guard/host.ts";
import type { Verdict } from "../../src/guard/judge.ts";
import { BLANK, type Memory, serialise } from "../../src/guard/memory.ts";
import { parseMemory } from "../../src/guard/memory-form.ts";
import { interpret, NOTHING_SEEN, type Observation, type Occasion } from "../../src/guard/observe.ts";
import { parseTold } from "../../src/system/clock.ts";
import { Killed, loginOf, type Story, StoryOver, type VirtualHost } from "./virtual-host.ts";

/** One look of a check, and what came of it. */
export interface Looked {
  readonly scene: Scene;
  readonly verdict: Verdict;
}

/** Is told what the checks do. */
export interface Observer {
  /** Of every look, before its decisions are carried out. */
  readonly looked: (look: Looked) => void;
  /** Of what is remembered. */
  readonly saved: (memory: Memory) => void;
}

/** How long the parts of a check take, in ms. */
const START_MS = 23;
const POLICY_TAKES_MS = 5;
const LOOK_TAKES_MS = 2;
const ACT_TAKES_MS = 3;
const SLICE_S = 20;
const GAP_LIMIT_S = 5;
const STEP_LIMIT_S = 2;
const MOST_ENTRIES = 20;
/** What a nap costs beside its sleep: a few forks. */
const NAP_OVERHEAD_MS = 5;

/** Guards the login of a story until it has ended or the story is over. */
export async function guardLogin(story: Story, host: VirtualHost, observer: Observer): Promise<void> {
  let kept: string | undefined;
  let isAgain = false;
  for (;;) {
    try {
      await watch(isAgain);
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

  async function watch(again: boolean): Promise<void> {
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
        const answer = await check([...begin, ...entries].join(";"));
        uptime = wholeSeconds().uptime;
        if (answer === "done") return;
        due = uptime + (answer ?? pauseS);
        pauseS = answer === undefined ? Math.min(2 * pauseS, 600) : 30;
      }
      const asked = Math.max(1, Math.min(due - uptime, SLICE_S));
      skipSlices(due - uptime);
      nap(asked);
      noteStep();
      if (host.isSignalled) due = uptime;
      host.isSignalled = false;
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
  async function check(told: string): Promise<CheckOutcome | undefined> {
    host.pass(START_MS);
    if (host.checksFail) return undefined;
    return guard(hostOfCheck(told));
  }

  /** The host as a check of the story sees it. What it does takes its time. */
  function hostOfCheck(told: string): Host {
    const login = loginOf(story);
    return {
      readClocks: host.clocks,
      sleep: async (ms) => host.sleep(ms),
      recall: () => ({ memory: kept === undefined ? BLANK : parseMemory(kept), told: parseTold(told) }),
      save: (memory) => {
        kept = serialise(memory);
        host.isRemembering = true;
        observer.saved(memory);
        return true;
      },
      findLogin: () => login,
      decidePolicy: async (_, memory) => {
        host.pass(POLICY_TAKES_MS);
        const { policy } = host;
        const { lastGood, groups } = memory;
        if (policy !== "broken") return { applied: policy, lastGood: policy, groups, complaint: undefined };
        return { applied: lastGood ?? NO_POLICY, lastGood, groups, complaint: "broken" };
      },
      isUninstalled: () => false,
      readLocks: async () => host.locks(),
      observe: async (occasion) => {
        host.pass(LOOK_TAKES_MS);
        return { ...see(occasion), asks: host.takeAsks() };
      },
      terminalsOf: () => [],
      act: async (verdict, scene) => {
        observer.looked({ verdict, scene });
        for (const decision of verdict.decisions) {
          if (decision.kind === "lock") host.lock(decision.id);
          if (decision.kind === "hang-up") host.close(decision.id);
          if (decision.kind === "end") host.ended = true;
        }
        if (!host.ended) host.pass(ACT_TAKES_MS);
        return host.ended;
      },
      recordComplaint: async () => undefined,
      recordNews: async () => undefined,
      endAfter: () => undefined,
      isOver: () => false,
    };
  }

  function see({ login, memory, locks, map, applied: { limits } }: Occasion): Observation {
    const terminals = host.terminals();
    if (terminals.length === 0 && !Number.isFinite(limits.noTerminalMs))
      return { ...NOTHING_SEEN, terminals };
    const stays = Number.isFinite(limits.maxStayMs) ? host.stays() : [];
    return interpret({ login, terminals, look: host.look(), stays, memory, locks, map, limits });
  }
}
