// What a locker writes into the audit.
import { type AuditRecord, record } from "../audit/record.ts";
import type { LockOrder } from "./order.ts";

/** Records something about a locked terminal. Never throws. */
export async function recordLock(
  order: LockOrder,
  facts: Pick<AuditRecord, "action" | "cause" | "outcome" | "reason">,
): Promise<void> {
  await record({ ...order.record, ...facts, time: new Date().toISOString(), ended: null });
}
