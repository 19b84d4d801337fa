// Locks a terminal, with a line in the audit.
import { record } from "../audit/record.ts";
import type { LockOrder } from "../lock/order.ts";
import { stateDirectoryOf } from "../lock/record.ts";
import type { Decision } from "./judge.ts";
import { lockMaxMs } from "./locked.ts";
import { describe, endReason, idleMsOf, type Scene, type Stage, terminalsFor } from "./scene.ts";

type LockDecision = Extract<Decision, { readonly kind: "lock" }>;

/** The outcome of a lock in the audit, if it worked. */
const LOCKED = "locked";

/** Locks one terminal. If that fails, the record says why; the next look judges what becomes of the terminal. */
export async function lockOne(decision: LockDecision, { scene, shown, actions }: Stage): Promise<void> {
  const { id } = decision;
  const [terminal] = terminalsFor(id, scene);
  if (!terminal || !actions.lock) return;
  const before = shown.get(id);
  shown.delete(id);
  const order = orderOf(decision, scene);
  const { locked, outcome } = await actions.lock(terminal, before, order);
  await record({ ...order.record, outcome: locked ? LOCKED : outcome });
}

function orderOf({ id, cause, by }: LockDecision, scene: Scene): LockOrder {
  const { login, applied } = scene;
  const maxMs = lockMaxMs(applied);
  const facts = { cause, outcome: LOCKED, ended: null, reason: whyLocked({ id, cause, by }, scene) };
  return {
    login,
    terminal: id,
    stateDirectory: stateDirectoryOf(login),
    cause,
    by,
    idleMs: idleMsOf(id, scene),
    // JSON has no Infinity.
    lockMaxMs: Number.isFinite(maxMs) ? maxMs : null,
    tries: applied.limits.lockTries,
    message: applied.limits.message,
    record: describe("lock", id, scene, facts),
  };
}

function whyLocked({ id, cause, by }: Pick<LockDecision, "id" | "cause" | "by">, scene: Scene): string {
  if (cause === "idle") return endReason("idle", id, scene);
  return cause === "user" ? "its user asked for it" : `locked by ${by}`;
}
