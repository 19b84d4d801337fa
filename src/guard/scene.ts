// One login at one moment, and what is said of it.
import type { AuditRecord } from "../audit/record.ts";
import type { TerminalActions } from "../ending/terminal-actions.ts";
import type { LockRecord } from "../lock/record.ts";
import { type Login, sshdOf } from "../login/login.ts";
import { type Terminal, terminalName } from "../login/terminal.ts";
import type { Shown } from "../notice/show.ts";
import type { Applied } from "../policy/policy.ts";
import type { ClockMap, IdleMs } from "../system/clock.ts";
import { spoken } from "../text/spoken.ts";
import { ageLimitMs, type EndReason, idleLimitMs, type Verdict, WHOLE_LOGIN } from "./judge.ts";
import { lockMaxMs } from "./locked.ts";
import { LOGIN_SUBJECT, type Observation } from "./observe.ts";

/** One login at one moment: everything that acting on it needs. Times on the boot clock; `map` puts them on the idle clock. */
export interface Scene {
  readonly login: Login;
  readonly applied: Applied;
  readonly observation: Observation;
  readonly map: ClockMap;
}

/** A scene, the notices that stand in it, and the ways to act in it. */
export interface Stage {
  readonly scene: Scene;
  readonly shown: Map<string, Shown>;
  readonly actions: TerminalActions;
  readonly standing: Verdict["standing"];
}

/** The terminals that `id` is about: its own, or all of them if it is about the whole login. */
export function terminalsFor(id: string, { observation }: Scene): readonly Terminal[] {
  if (id === WHOLE_LOGIN) return observation.terminals;
  return observation.terminals.filter((terminal) => terminal.id === id);
}

/** Why a subject ends, in words. */
export function endReason(reason: EndReason, id: string, scene: Scene): string {
  if (reason === "max_login") {
    const lastedMs = scene.map.now.bootMs - scene.login.startedBootMs;
    return `it lasted ${spoken(lastedMs)}, the most allowed is ${spoken(ageLimitMs(scene.applied))}`;
  }
  const lock = scene.observation.locks?.[id];
  if (reason !== "idle" && lock) return lockEndReason(lock, scene);
  return `idle for ${spoken(idleMsOf(id, scene))}, the limit is ${spoken(limitMsOf(id, scene))}`;
}

function lockEndReason({ sinceMs, wrongAnswers }: LockRecord, { applied, map }: Scene): string {
  const { lockTries } = applied.limits;
  if (wrongAnswers >= lockTries)
    return `${wrongAnswers} wrong answer${wrongAnswers === 1 ? "" : "s"}, the most allowed is ${lockTries}`;
  const lockedMs = map.toIdleMs(map.now.bootMs) - map.toIdleMs(sinceMs);
  return `locked for ${spoken(lockedMs)}, the most allowed is ${spoken(lockMaxMs(applied))}`;
}

/** When the limit of a subject has passed, on the idle clock: the time that it may be idle, or locked. */
export function dueMsOf(id: string, scene: Scene): IdleMs {
  const { applied, observation, map } = scene;
  const lock = observation.locks?.[id];
  if (lock) return map.toIdleMs(lock.sinceMs) + lockMaxMs(applied);
  return map.toIdleMs(observation.subjects[id]?.lastActivity.atMs ?? 0) + limitMsOf(id, scene);
}

/** The subject that tells best why all of them end: the last one that was used or locked, or has the most wrong answers. */
export function lastOf(ids: readonly string[], reason: EndReason, scene: Scene): string {
  const { locks } = scene.observation;
  const rank = (id: string) => {
    if (reason === "lock_tries") return locks?.[id]?.wrongAnswers ?? 0;
    return reason === "lock_max" ? (locks?.[id]?.sinceMs ?? 0) : -idleMsOf(id, scene);
  };
  return ids.toSorted((a, b) => rank(b) - rank(a))[0] ?? LOGIN_SUBJECT;
}

/** How long a subject has been idle, in ms; 0 if nothing measures it. */
export function idleMsOf(id: string, { observation, map }: Scene): number {
  const atMs = observation.subjects[id]?.lastActivity.atMs;
  return atMs === undefined ? 0 : Math.max(0, map.toIdleMs(map.now.bootMs) - map.toIdleMs(atMs));
}

/** The limit of a subject, or of the whole login, in ms; `Infinity` for none. */
export function limitMsOf(id: string, { applied }: Scene): number {
  if (id === WHOLE_LOGIN) return ageLimitMs(applied);
  return idleLimitMs(id === LOGIN_SUBJECT ? "login" : "terminal", applied);
}

/** The audit record of something done to a login, with the facts of its subject `id`. */
export function describe(
  action: AuditRecord["action"],
  id: string,
  scene: Scene,
  { cause, outcome, ended, reason }: Pick<AuditRecord, "cause" | "outcome" | "ended" | "reason">,
): AuditRecord {
  const { login, applied, observation } = scene;
  const last = observation.subjects[id]?.lastActivity;
  const limitMs = limitMsOf(id, scene);
  const terminals = action === "end" ? observation.terminals : terminalsFor(id, scene);
  return {
    time: new Date().toISOString(),
    action,
    cause,
    outcome,
    ended,
    user: login.user,
    uid: login.uid,
    client: login.client?.address ?? null,
    terminals: terminals.map(terminalName),
    kind: observation.kind,
    sshdPid: sshdOf(login).pid,
    rule: applied.rule,
    idleSeconds: last ? Math.floor(idleMsOf(id, scene) / 1000) : null,
    limitSeconds: Number.isFinite(limitMs) ? limitMs / 1000 : null,
    lastActivity: last ? `${last.source}: ${last.detail}` : null,
    reason,
  };
}
