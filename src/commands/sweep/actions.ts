// What one look did to a login, or would do, one line for each action.
import { describe, type Scene } from "../../guard/act.ts";
import { isInDoubt } from "../../guard/decide.ts";
import { type Decision, WHOLE_LOGIN } from "../../guard/judge.ts";
import { LOGIN_SUBJECT } from "../../guard/observe.ts";
import { spoken } from "../../text/spoken.ts";

/** The words that `--json` has for the actions on a login. */
const NAMES = { end: "end", lock: "lock", "hang-up": "hang-up", notice: "warn", stay: "keep" } as const;
export type ActionName = (typeof NAMES)[Decision["kind"]];

/** One action on a login or on a terminal of it. `null` if nothing measures, limits or ends it. */
export interface SweepAction {
  readonly action: ActionName;
  readonly user: string;
  readonly sshdPid: number;
  readonly terminals: readonly string[];
  readonly rule: string;
  readonly idleSeconds: number | null;
  readonly limitSeconds: number | null;
  readonly leftSeconds: number | null;
  readonly why: string;
}

/** The actions for the decisions of a look. Without decisions there is one action, `keep`, for the most active part of the login. */
export function sweepActionsOf(
  decisions: readonly Decision[],
  scene: Scene,
  endsAtMs: Readonly<Record<string, number>>,
): SweepAction[] {
  if (decisions.length > 0) return decisions.map((decision) => sweepActionOf(decision, scene, endsAtMs));
  const id = mostActive(Object.keys(scene.observation.subjects), scene);
  return [actionOn({ kind: "stay", id, isAge: false }, scene, endsAtMs)];
}

function sweepActionOf(
  decision: Decision,
  scene: Scene,
  endsAtMs: Readonly<Record<string, number>>,
): SweepAction {
  const { kind } = decision;
  const isAge = kind === "end" ? decision.reason === "max_login" : decision.id === WHOLE_LOGIN;
  const idle = kind === "end" ? mostActive(decision.ids, scene) : decision.id;
  return actionOn({ kind, id: isAge ? WHOLE_LOGIN : idle, isAge }, scene, endsAtMs);
}

function mostActive(ids: readonly string[], { observation }: Scene): string {
  const atMs = (id: string) => observation.subjects[id]?.lastActivity.atMs ?? 0;
  return ids.toSorted((a, b) => atMs(b) - atMs(a))[0] ?? LOGIN_SUBJECT;
}

/** `isAge`: because of the login's age, not because it is idle. */
function actionOn(
  { kind, id, isAge }: { readonly kind: Decision["kind"]; readonly id: string; readonly isAge: boolean },
  scene: Scene,
  endsAtMs: Readonly<Record<string, number>>,
): SweepAction {
  const facts = { cause: isAge ? "max_login" : "idle", outcome: "", ended: null, reason: "" } as const;
  const { user, sshdPid, terminals, rule, idleSeconds, limitSeconds, lastActivity } = describe(
    kind,
    id,
    scene,
    facts,
  );
  const ends = endsAtMs[id];
  const nowMs = scene.map.toIdleMs(scene.map.now.bootMs);
  const leftSeconds = ends === undefined ? null : Math.max(0, Math.floor((ends - nowMs) / 1000));
  const measured = isAge ? "it is as old as max_login allows" : (lastActivity ?? "nothing measures it");
  const spared = isInDoubt(scene.applied) ? "what the policy says is not known" : "exempt";
  const why = scene.applied.exempt && !isAge ? spared : measured;
  return { action: NAMES[kind], user, sshdPid, terminals, rule, idleSeconds, limitSeconds, leftSeconds, why };
}

const DONE: Readonly<Record<ActionName, string>> = {
  end: "ended",
  lock: "locked the terminal of",
  "hang-up": "ended the terminal of",
  warn: "warned",
  keep: "kept",
};
const WOULD: Readonly<Record<ActionName, string>> = {
  end: "would end",
  lock: "would lock the terminal of",
  "hang-up": "would end the terminal of",
  warn: "would warn",
  keep: "would keep",
};

/** An action in one line. */
export function wordsOf(it: SweepAction, tense: "done" | "would"): string {
  const where = it.terminals.length > 0 ? ` on ${it.terminals.join(", ")}` : "";
  const parts = [
    it.idleSeconds === null ? "" : `idle ${spoken(it.idleSeconds * 1000)}`,
    it.limitSeconds === null ? "no limit" : `limit ${spoken(it.limitSeconds * 1000)}`,
    it.leftSeconds === null ? "" : `left ${spoken(it.leftSeconds * 1000)}`,
    it.why,
  ].filter(Boolean);
  const verb = (tense === "done" ? DONE : WOULD)[it.action];
  return `${verb} ${it.user}${where} (sshd ${it.sshdPid}): ${parts.join(", ")}; rule: ${it.rule}`;
}
