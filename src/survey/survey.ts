// Every login of the host as its watchdog would see it now: the same look, the same policy, the same `judge`.
import { askingTogether } from "../activity/connections.ts";
import { hasHung } from "../ending/from-afar.ts";
import { recordClockEvents } from "../guard/clock-keeper.ts";
import { judge, type Verdict } from "../guard/judge.ts";
import { BLANK, type Memory, readMemory } from "../guard/memory.ts";
import { type Known, NOTHING_SEEN, type Observation, type Occasion, observe } from "../guard/observe.ts";
import { readLocks } from "../guard/read-locks.ts";
import { situationOf } from "../guard/situation.ts";
import { findLogins } from "../login/all.ts";
import { beginLook } from "../login/budget.ts";
import { directoryNameOf, type Login, sshdOf } from "../login/login.ts";
import { allProcesses, type ProcessStat } from "../login/process.ts";
import { type Watchdog, watchdogsAmong } from "../login/watchdogs.ts";
import { type Applied, appliedTo, withIdleTimeout, withLimits, withoutLock } from "../policy/policy.ts";
import { type ClockMap, mapClocks, readClocks } from "../system/clock.ts";
import { RUN_DIRECTORY, SWEEP_DIRECTORY } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { ownLogins } from "./own.ts";
import { policyForMany } from "./policy-for-many.ts";
import { type State, stateOf } from "./state.ts";

/** One look at a login. Times on the boot clock; through `map` on the idle clock. */
export interface Surveyed {
  readonly login: Login;
  /** Its sshds and all processes below them, parents first. */
  readonly processes: readonly ProcessStat[];
  readonly watchdog: Watchdog | undefined;
  /** Whether this program was started from this login. */
  readonly isOwn: boolean;
  readonly applied: Applied;
  readonly map: ClockMap;
  readonly memory: Memory;
  readonly observation: Observation;
  readonly verdict: Verdict;
  readonly state: State;
  /** What could not be read of it. */
  readonly unread: string | undefined;
  /**
   * Why the look or its policy failed. Then the policy that its watchdog last knew applies. Without such a policy it counts as exempt,
   * as for the watchdog.
   */
  readonly fault: string | undefined;
}

export interface SurveyOptions {
  readonly configPath: string;
  /** Replaces the policy's idle timeout, in ms; see `withIdleTimeout`. */
  readonly idleTimeoutMs?: number | undefined;
}

/** Looks at all logins once, oldest first. A user sees only what they may open; see `findLogins`. A fault of one login never throws. */
export async function survey({ configPath, idleTimeoutMs }: SurveyOptions): Promise<Surveyed[]> {
  const processes = allProcesses();
  const children = childrenIn(processes);
  const logins = await findLogins(processes);
  // The rest goes on while the system answers about groups.
  const policy = policyForMany(configPath, logins);
  const watchdogOf = watchdogsAmong(processes);
  const own = ownLogins(logins, processes);
  const policyOf = await policy;
  const connectionsOf = askingTogether();
  return Promise.all(
    logins.map(async (login): Promise<Surveyed> => {
      const watchdog = watchdogOf(login);
      const known = await memoryOf(login, watchdog);
      const now = readClocks();
      // Events of the clock during the watchdog's sleep are unknown until it wakes.
      const memory = recordClockEvents(known, now, { events: [] });
      const { applied: inForce, complaint } = policyOf(login, memory);
      const limited = withIdleTimeout(inForce, idleTimeoutMs);
      // Only the check of root's watchdog locks: a sweep does not.
      const mayLock = watchdog === "root" && idleTimeoutMs === undefined;
      const applied = mayLock ? limited : withoutLock(limited);
      const map = mapClocks(memory.history, now);
      const tree = treeOf(login, processes, children);
      const below = tree.filter(({ pid }) => pid !== login.privileged?.pid && pid !== login.server.pid);
      const asked = { login, applied, memory, locks: readLocks(login), map };
      const seen = await lookAt(asked, {
        tree: below,
        processes,
        isForNow: true,
        isFromAfar: hasHung(memory),
        connectionsOf,
        isOver: beginLook(ONE_OF_MANY_MS),
      });
      const verdict = judge(situationOf({ ...asked, applied: seen.applied }, seen.observation));
      const looked = {
        login,
        watchdog,
        memory,
        map,
        verdict,
        ...seen,
        fault: seen.unread ?? complaint ?? Object.values(seen.observation.faults)[0],
      };
      return { ...looked, processes: tree, isOwn: own.has(login), state: stateOf(looked) };
    }),
  );
}

/** The longest look at one of many logins. One user's many processes must not delay the answer about the others. */
const ONE_OF_MANY_MS = 500;

interface Seen {
  /** What applies to the kind of login that was seen. */
  readonly applied: Applied;
  readonly observation: Observation;
  readonly unread: string | undefined;
}

async function lookAt(occasion: Occasion, known: Known): Promise<Seen> {
  const { applied, memory, locks } = occasion;
  try {
    // It takes a second look to see a transfer.
    const isFirst =
      !memory.use && Object.values(memory.subjects).every(({ baseline }) => !baseline.connection);
    const asked = isFirst ? withoutTransfer(applied) : applied;
    const observation = await observe({ ...occasion, applied: asked }, known);
    const { kind, faults } = observation;
    return { applied: appliedTo(kind, applied), observation, unread: faults.login };
  } catch (error) {
    const unread = reasonOf(error);
    const { kind = NOTHING_SEEN.kind } = memory;
    return { applied: appliedTo(kind, applied), observation: { ...NOTHING_SEEN, kind, locks }, unread };
  }
}

function withoutTransfer(applied: Applied): Applied {
  return withLimits(applied, ({ limits }) => ({
    limits: { ...limits, activity: limits.activity.filter((source) => source !== "transfer") },
  }));
}

/** The memory of root's watchdog; without one, of the last sweep. What users write is not trusted. */
async function memoryOf(login: Login, watchdog: Watchdog | undefined): Promise<Memory> {
  const name = directoryNameOf(login);
  const ofSweep = watchdog === "root" ? BLANK : await readMemory(`${SWEEP_DIRECTORY}/${name}`);
  return ofSweep === BLANK ? readMemory(`${RUN_DIRECTORY}/${name}`) : ofSweep;
}

function childrenIn(processes: ReadonlyMap<number, ProcessStat>): Map<number, ProcessStat[]> {
  return Map.groupBy(processes.values(), ({ parent }) => parent);
}

/** The processes of a login, parents before children. */
function treeOf(
  login: Login,
  processes: ReadonlyMap<number, ProcessStat>,
  children: ReadonlyMap<number, ProcessStat[]>,
): ProcessStat[] {
  const top = processes.get(sshdOf(login).pid);
  const found = top ? [top] : [];
  // One by one: a single call has no room for a hundred thousand children as arguments.
  for (const it of found) for (const child of children.get(it.pid) ?? []) found.push(child);
  return found;
}

/** How long a subject has been idle, in ms; `undefined` if nothing measures it. */
export function idleMsOf(
  { observation, map }: Pick<Surveyed, "observation" | "map">,
  id: string,
): number | undefined {
  const atMs = observation.subjects[id]?.lastActivity.atMs;
  return atMs === undefined ? undefined : Math.max(0, map.toIdleMs(map.now.bootMs) - map.toIdleMs(atMs));
}

/** How long a terminal has been locked, in ms without suspends; `undefined` if it is not locked. */
export function lockedMsOf(
  { observation, map }: Pick<Surveyed, "observation" | "map">,
  id: string,
): number | undefined {
  const lock = observation.locks?.[id];
  return lock && Math.max(0, map.toIdleMs(map.now.bootMs) - map.toIdleMs(lock.sinceMs));
}

/** The time until a subject ends or locks if nothing happens, in ms; `undefined` for never. */
export function leftMsOf(
  { verdict, map }: Pick<Surveyed, "verdict" | "map">,
  id: string,
): number | undefined {
  const endsAtMs = verdict.endsAtMs[id];
  return endsAtMs === undefined ? undefined : Math.max(0, endsAtMs - map.toIdleMs(map.now.bootMs));
}
