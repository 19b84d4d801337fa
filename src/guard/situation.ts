// From what was seen of a login, on the clocks of the machine, to what `judge` is asked.
import { needsCloseLooks } from "../activity/use.ts";
import type { Login } from "../login/login.ts";
import type { Applied } from "../policy/policy.ts";
import type { ClockMap } from "../system/clock.ts";
import type { PendingNotice, Situation } from "./judge.ts";
import type { Memory } from "./memory.ts";
import { LOGIN_SUBJECT, type Observation } from "./observe.ts";

/** Puts what is remembered on the idle clock, the one that `judge` works on. */
export function situationOf(
  login: Login,
  applied: Applied,
  observation: Observation,
  memory: Memory,
  map: ClockMap,
): Situation {
  const onIdleClock = (standing: PendingNotice): PendingNotice => {
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
    commandsRun: observation.commandsRun,
    needsCloseLooks: observation.use !== undefined && needsCloseLooks(observation.use),
    standing: Object.fromEntries(
      Object.entries(memory.standing).map(([id, standing]) => [id, onIdleClock(standing)]),
    ),
  };
}
