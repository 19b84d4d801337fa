// Carries out a verdict: notices, their withdrawal, locks, hang-ups and endings, each with a line in the audit.
import type { Evidence } from "../activity/evidence.ts";
import { record } from "../audit/record.ts";
import { FROM_OUTSIDE, type TerminalActions } from "../ending/terminal-actions.ts";
import type { Terminal } from "../login/terminal.ts";
import { givenOn, type Shown } from "../notice/show.ts";
import { farewell, type StayFacts, stays, warning } from "../notice/text.ts";
import { spoken } from "../text/spoken.ts";
import {
  ageLimitMs,
  type Decision,
  type EndReason,
  type TerminalEndReason,
  type Verdict,
  WHOLE_LOGIN,
} from "./judge.ts";
import { lockOne } from "./lock-terminal.ts";
import { LOGIN_SUBJECT } from "./observe.ts";
import {
  describe,
  dueMsOf,
  endReason,
  idleMsOf,
  lastOf,
  type Scene,
  type Stage,
  terminalsFor,
} from "./scene.ts";

export { describe, type Scene } from "./scene.ts";

/** How long each step of an ending may take before the next, harder one: to close a PAM session can take time. */
export const GRACE_MS = 5_000;
/**
 * A session that begins at the last moment spares a login for at most so long after its time. After that, a user who opens one session
 * after another is ended too.
 */
export const SPARED_MS = 30_000;

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

/** Carries out one decision. Returns whether the login is gone. */
async function carryOut(decision: Decision, stage: Stage): Promise<boolean> {
  if (decision.kind === "end") return endAll(decision.reason, decision.ids, stage);
  if (decision.kind === "notice") await warn(decision.id, decision.endsAtMs, stage);
  if (decision.kind === "stay") await keep(decision.id, decision.why, stage);
  if (decision.kind === "lock") await lockOne(decision, stage);
  if (decision.kind === "hang-up") await hangUpOne(decision.id, decision.reason, stage);
  return false;
}

/** The terminals for a notice about `id`. Over a lock nothing is written. */
function noticedOn(id: string, scene: Scene): readonly Terminal[] {
  return terminalsFor(id, scene).filter((terminal) => scene.observation.locks?.[terminal.id] === undefined);
}

async function warn(id: string, endsAtMs: number, { scene, shown, actions }: Stage): Promise<void> {
  const closesInMs = endsAtMs - scene.map.toIdleMs(scene.map.now.bootMs);
  const saidAtMs = performance.now();
  const cause = id === WHOLE_LOGIN ? "max_login" : "idle";
  const locks = cause === "idle" && id !== LOGIN_SUBJECT && scene.applied.limits.atLimit === "lock";
  const terminals = noticedOn(id, scene);
  const delivered = await Promise.all(
    terminals.map(async (terminal) => {
      const result = await actions.showNotice(terminal, (columns) =>
        warning({
          user: scene.login.user,
          kind: cause,
          locks,
          idleMs: idleMsOf(id, scene),
          lastedMs: scene.map.now.bootMs - scene.login.startedBootMs,
          maxLoginMs: ageLimitMs(scene.applied),
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
  const reason = `${locks ? "locks" : "closes"} in ${spoken(closesInMs)}`;
  const isLocked = terminals.length === 0 && terminalsFor(id, scene).length > 0;
  const outcome = isLocked ? "not given: the terminal is locked" : givenOn(delivered);
  await record(describe("notice", id, scene, { cause, outcome, ended: null, reason }));
}

async function keep(id: string, why: "activity" | "policy", { scene, shown, actions }: Stage): Promise<void> {
  const terminals = noticedOn(id, scene);
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

async function hangUpOne(id: string, cause: TerminalEndReason, { scene, actions }: Stage): Promise<void> {
  const [terminal] = terminalsFor(id, scene);
  if (!terminal) return;
  const { steps, ended } = await actions.hangUp(terminal, {
    asRoot: isRoot(),
    graceMs: GRACE_MS,
    say: (it) => sayFarewell(it, { what: "terminal", reason: cause, id }, scene, actions),
  });
  const reason = endReason(cause, id, scene);
  await record(describe("hang-up", id, scene, { cause, outcome: steps.join("; "), ended, reason }));
}

async function endAll(cause: EndReason, ids: readonly string[], stage: Stage): Promise<boolean> {
  const { scene, actions } = stage;
  const last = lastOf(ids, cause, scene);
  const { steps, ended, spared } = await actions.endLogin(scene.login, scene.observation.terminals, {
    asRoot: isRoot(),
    graceMs: GRACE_MS,
    say: (it) => sayFarewell(it, { what: "login", reason: cause, id: last }, scene, actions),
    sinceMs: SPARING.includes(cause) && maySpare(ids, stage) ? scene.map.now.bootMs : undefined,
  });
  const outcome = steps.join("; ");
  if (spared) {
    await recordSpared(cause, { outcome, ended }, scene);
    return false;
  }
  const reason = endReason(cause, last, scene);
  await record(describe("end", last, scene, { cause, outcome, ended, reason }));
  return ended;
}

/** What ends terminals for their own time: a session that nobody has judged has none of it. */
const SPARING: readonly EndReason[] = ["idle", "lock_max"];

/** Whether a login ends about when it should: at the time of its limit, or the time that its notice promised. */
function maySpare(ids: readonly string[], { scene, standing }: Stage): boolean {
  const { map } = scene;
  const dueMs = ids.map((id) => Math.max(dueMsOf(id, scene), standing[id]?.promisedMs ?? 0));
  return map.toIdleMs(map.now.bootMs) <= Math.max(...dueMs) + SPARED_MS;
}

/** Records a login that was spared. Its terminals are gone, and the next look judges the rest. */
async function recordSpared(
  cause: EndReason,
  { outcome, ended }: { readonly outcome: string; readonly ended: boolean },
  scene: Scene,
): Promise<void> {
  for (const { id } of scene.observation.terminals) {
    const reason = endReason(cause, id, scene);
    await record(describe("hang-up", id, scene, { cause, outcome, ended, reason }));
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

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
