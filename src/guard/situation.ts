// Turns what was seen of a login, on the machine's clocks, into the question for `judge`.
import { needsCloseLooks } from "../activity/use.ts";
import type { BootMs } from "../system/clock.ts";
import type { PendingNotice, Situation } from "./judge.ts";
import { LOGIN_SUBJECT, type Observation, type Occasion } from "./observe.ts";

/** The situation for `judge`, with all times on the idle clock. */
export function situationOf({ login, applied, memory, map }: Occasion, observation: Observation): Situation {
  const onIdleClock = (standing: PendingNotice<BootMs>): PendingNotice => {
    const { sinceMs, promisedMs } = standing;
    const idleSinceMs = map.toIdleMs(sinceMs);
    return { ...standing, sinceMs: idleSinceMs, promisedMs: idleSinceMs + promisedMs - sinceMs };
  };
  return {
    nowMs: map.toIdleMs(map.now.bootMs),
    applied,
    ageMs: map.now.bootMs - login.startedBootMs,
    subjects: Object.entries(observation.subjects).map(([id, { lastActivity }]) => ({
      id,
      kind: id === LOGIN_SUBJECT ? "login" : "terminal",
      lastActivity: { ...lastActivity, atMs: map.toIdleMs(lastActivity.atMs) },
    })),
    isOtherKind: memory.kind !== undefined && memory.kind !== observation.kind,
    commandsRun: observation.commandsRun,
    needsCloseLooks: observation.use !== undefined && needsCloseLooks(observation.use),
    standing: Object.fromEntries(
      Object.entries(memory.standing).map(([id, standing]) => [id, onIdleClock(standing)]),
    ),
  };
}
