// Turns what was seen of a login, on the machine's clocks, into the question for `judge`.
import { needsCloseLooks } from "../activity/use.ts";
import type { BootMs } from "../system/clock.ts";
import type { PendingNotice, Situation, Subject } from "./judge.ts";
import { LOGIN_SUBJECT, type Observation, type Occasion } from "./observe.ts";

/** The situation for `judge`, with all times on the idle clock. */
export function situationOf({ login, applied, memory, map }: Occasion, observation: Observation): Situation {
  const onIdleClock = (standing: PendingNotice<BootMs>): PendingNotice => {
    const { sinceMs, promisedMs } = standing;
    const idleSinceMs = map.toIdleMs(sinceMs);
    return { ...standing, sinceMs: idleSinceMs, promisedMs: idleSinceMs + promisedMs - sinceMs };
  };
  const subjects = Object.entries(observation.subjects).map(
    ([id, { lastActivity }]): Subject => ({
      id,
      kind: id === LOGIN_SUBJECT ? "login" : "terminal",
      lastActivity: { ...lastActivity, atMs: map.toIdleMs(lastActivity.atMs) },
      ...lockFactsOf(id, observation, map),
      cannotLock: memory.notLocked?.includes(id),
    }),
  );
  // Then no use counts.
  const isLocked = subjects.length > 0 && subjects.every(({ lock }) => lock);
  return {
    nowMs: map.toIdleMs(map.now.bootMs),
    applied,
    ageMs: map.now.bootMs - login.startedBootMs,
    subjects,
    isOtherKind: memory.kind !== undefined && memory.kind !== observation.kind,
    commandsRun: observation.commandsRun,
    needsCloseLooks: observation.use !== undefined && needsCloseLooks(observation.use) && !isLocked,
    standing: Object.fromEntries(
      Object.entries(memory.standing).map(([id, standing]) => [id, onIdleClock(standing)]),
    ),
  };
}

/** The lock of a terminal, and who asked that it locks. An ask without a terminal is about all of them. */
function lockFactsOf(
  id: string,
  { locks, asks }: Observation,
  map: Occasion["map"],
): Pick<Subject, "lock" | "asked"> {
  if (id === LOGIN_SUBJECT) return {};
  const lock = locks?.[id];
  return {
    lock: lock && { sinceMs: map.toIdleMs(lock.sinceMs), wrongAnswers: lock.wrongAnswers },
    asked: asks?.find(({ terminal }) => terminal === null || terminal === id),
  };
}
