// Carries out a verdict: notices, their withdrawal, hang-ups and endings, each with a line in the audit.
import type { Evidence } from "../activity/evidence.ts";
import { type AuditRecord, record } from "../audit/record.ts";
import { FROM_OUTSIDE, type TerminalActions } from "../ending/terminal-actions.ts";
import { type Login, sshdOf } from "../login/login.ts";
import { type Terminal, terminalName } from "../login/terminal.ts";
import { givenOn, type Shown } from "../notice/show.ts";
import { farewell, type StayFacts, stays, warning } from "../notice/text.ts";
import type { Applied } from "../policy/policy.ts";
import type { ClockMap } from "../system/clock.ts";
import { spoken } from "../text/spoken.ts";
import { type Decision, type EndReason, idleLimitMs, type Verdict, WHOLE_LOGIN } from "./judge.ts";
import { LOGIN_SUBJECT, type Observation } from "./observe.ts";

/** How long each step of an ending may take before the next, harder one: to close a PAM session can take time. */
export const GRACE_MS = 5_000;
/**
 * A session that begins at the last moment spares a login for at most so long after its time. After that, a user who opens one session
 * after another is ended too.
 */
export const SPARED_MS = 30_000;

/** One login at one moment: everything that acting on it needs. Times on the boot clock; `map` puts them on the idle clock. */
export interface Scene {
  readonly login: Login;
  readonly applied: Applied;
  readonly observation: Observation;
  readonly map: ClockMap;
}

/** Carries out every decision. `shown` keeps the notices that stand on screens. Returns whether the login is gone. */
export async function act(
  verdict: Verdict,
  scene: Scene,
  shown: Map<string, Shown>,
  actions = FROM_OUTSIDE,
): Promise<boolean> {
  const stage = { scene, shown, actions, standing: verdict.standing };
  const ended = await Promise.all(verdict.decisions.map((decision) => carryOut(decision, stage)));
  return ended.includes(true);
}

/** Records stays that users asked for: those of the subjects `ids`. */
export async function recordStays(scene: Scene, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const reason = scene.observation.subjects[id]?.lastActivity.detail ?? "";
    const facts = { cause: "user", outcome: "kept", ended: null, reason } as const;
    await record(describe("stay", id, scene, facts));
  }
}

/** Records what could not be read: the faults `ids`. */
export async function recordFaults(scene: Scene, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const reason = scene.observation.faults[id] ?? "";
    await record(describe("fault", id, scene, { cause: null, outcome: "not read", ended: null, reason }));
  }
}

/** A scene, the notices that stand in it, and the ways to act in it. */
interface Stage {
  readonly scene: Scene;
  readonly shown: Map<string, Shown>;
  readonly actions: TerminalActions;
  readonly standing: Verdict["standing"];
}

/** Carries out one decision. Returns whether the login is gone. */
async function carryOut(decision: Decision, stage: Stage): Promise<boolean> {
  if (decision.kind === "end") return endAll(decision.reason, decision.ids, stage);
  if (decision.kind === "notice") await warn(decision.id, decision.endsAtMs, stage);
  if (decision.kind === "stay") await keep(decision.id, decision.why, stage);
  if (decision.kind === "hang-up") await hangUpOne(decision.id, stage);
  return false;
}

/** The terminals for a notice about `id`: its own, or all of them if it is about the whole login. */
function terminalsFor(id: string, { observation }: Scene): readonly Terminal[] {
  if (id === WHOLE_LOGIN) return observation.terminals;
  return observation.terminals.filter((terminal) => terminal.id === id);
}

async function warn(id: string, endsAtMs: number, { scene, shown, actions }: Stage): Promise<void> {
  const closesInMs = endsAtMs - scene.map.toIdleMs(scene.map.now.bootMs);
  const saidAtMs = performance.now();
  const cause = id === WHOLE_LOGIN ? "max_login" : "idle";
  const terminals = terminalsFor(id, scene);
  const delivered = await Promise.all(
    terminals.map(async (terminal) => {
      const result = await actions.showNotice(terminal, (columns) =>
        warning({
          user: scene.login.user,
          kind: cause,
          idleMs: idleMsOf(id, scene),
          lastedMs: scene.map.now.bootMs - scene.login.startedBootMs,
          maxLoginMs: scene.applied.limits.maxLoginMs,
          // A caller that shows the notice again calls this again, when less time is left.
          closesInMs: Math.max(0, closesInMs - (performance.now() - saidAtMs)),
          closesAt: new Date(scene.map.now.wallMs + closesInMs),
          message: scene.applied.limits.message,
          columns,
        }),
      );
      if (result) shown.set(terminal.id, result);
      return result;
    }),
  );
  const reason = `closes in ${spoken(closesInMs)}`;
  await record(describe("notice", id, scene, { cause, outcome: givenOn(delivered), ended: null, reason }));
}

async function keep(id: string, why: "activity" | "policy", { scene, shown, actions }: Stage): Promise<void> {
  const terminals = terminalsFor(id, scene);
  const last = scene.observation.subjects[id]?.lastActivity;
  const answer = answerOf(why, last);
  await Promise.all(
    terminals.map(async (terminal) => {
      const before = shown.get(terminal.id);
      shown.delete(terminal.id);
      await actions.showStays(terminal, before, (columns) => stays({ why: answer, columns }));
    }),
  );
  const [cause, reason] =
    answer === "administrator"
      ? ([answer, last?.detail ?? ""] as const)
      : ([why, why === "policy" ? "the policy no longer ends it" : "activity after the notice"] as const);
  await record(describe("stay", id, scene, { cause, outcome: "kept", ended: null, reason }));
}

/** Why a login stays after a notice: this is what its user is told. */
function answerOf(why: "activity" | "policy", last: Evidence | undefined): StayFacts["why"] {
  if (why === "policy") return "policy";
  if (last?.source === "keep") return "administrator";
  return (last?.source ?? "input") === "input" ? "key" : "work";
}

async function hangUpOne(id: string, { scene, actions }: Stage): Promise<void> {
  const [terminal] = terminalsFor(id, scene);
  if (!terminal) return;
  const { steps, ended } = await actions.hangUp(terminal, {
    asRoot: isRoot(),
    graceMs: GRACE_MS,
    say: (it) => sayFarewell(it, { what: "terminal", reason: "idle", id }, scene, actions),
  });
  const reason = endReason("idle", id, scene);
  await record(describe("hang-up", id, scene, { cause: "idle", outcome: steps.join("; "), ended, reason }));
}

async function endAll(cause: EndReason, ids: readonly string[], stage: Stage): Promise<boolean> {
  const { scene, actions } = stage;
  const longestIdle = ids.toSorted((a, b) => idleMsOf(a, scene) - idleMsOf(b, scene))[0] ?? LOGIN_SUBJECT;
  const { steps, ended, spared } = await actions.endLogin(scene.login, scene.observation.terminals, {
    asRoot: isRoot(),
    graceMs: GRACE_MS,
    say: (it) => sayFarewell(it, { what: "login", reason: cause, id: longestIdle }, scene, actions),
    sinceMs: cause === "idle" && maySpare(ids, stage) ? scene.map.now.bootMs : undefined,
  });
  const outcome = steps.join("; ");
  if (spared) {
    await recordSpared(outcome, ended, scene);
    return false;
  }
  const reason = endReason(cause, longestIdle, scene);
  await record(describe("end", longestIdle, scene, { cause, outcome, ended, reason }));
  return ended;
}

/** Whether a login ends about when it should: at the time of its limit, or the time that its notice promised. */
function maySpare(ids: readonly string[], { scene, standing }: Stage): boolean {
  const { map, observation } = scene;
  const dueMs = ids.map((id) => {
    const atMs = observation.subjects[id]?.lastActivity.atMs ?? 0;
    return Math.max(map.toIdleMs(atMs) + limitMsOf(id, scene), standing[id]?.promisedMs ?? 0);
  });
  return map.toIdleMs(map.now.bootMs) <= Math.max(...dueMs) + SPARED_MS;
}

/** Records a login that was spared. Its terminals are gone, and the next look judges the rest. */
async function recordSpared(outcome: string, ended: boolean, scene: Scene): Promise<void> {
  for (const { id } of scene.observation.terminals) {
    const reason = endReason("idle", id, scene);
    await record(describe("hang-up", id, scene, { cause: "idle", outcome, ended, reason }));
  }
  const facts = { cause: "activity", outcome: "kept", ended: null } as const;
  const reason = "a command or a terminal began in it just before its end";
  await record({ ...describe("stay", LOGIN_SUBJECT, scene, { ...facts, reason }), terminals: [] });
}

/** Writes the last line of a terminal. Returns the processes that it stopped for that, to be let go again. */
function sayFarewell(
  terminal: Terminal,
  {
    what,
    reason,
    id,
  }: { readonly what: "login" | "terminal"; readonly reason: EndReason; readonly id: string },
  scene: Scene,
  actions: TerminalActions,
) {
  const idle = terminal.id in scene.observation.subjects ? terminal.id : id;
  const facts = { user: scene.login.user, what, at: new Date(), reason: endReason(reason, idle, scene) };
  return actions.sayFarewell(terminal, farewell(facts));
}

function endReason(reason: EndReason, id: string, scene: Scene): string {
  if (reason === "max_login") {
    const lastedMs = scene.map.now.bootMs - scene.login.startedBootMs;
    return `it lasted ${spoken(lastedMs)}, the most allowed is ${spoken(scene.applied.limits.maxLoginMs)}`;
  }
  return `idle for ${spoken(idleMsOf(id, scene))}, the limit is ${spoken(limitMsOf(id, scene))}`;
}

function idleMsOf(id: string, { observation, map }: Scene): number {
  const atMs = observation.subjects[id]?.lastActivity.atMs;
  return atMs === undefined ? 0 : Math.max(0, map.toIdleMs(map.now.bootMs) - map.toIdleMs(atMs));
}

function limitMsOf(id: string, { applied }: Scene): number {
  if (id === WHOLE_LOGIN) return applied.limits.maxLoginMs;
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

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
