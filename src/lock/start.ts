// Starts the locker of a terminal.
import type { LockOrder } from "./order.ts";

/** Locks a terminal. Resolves when it is locked, or when that has failed: `outcome` says why. Never throws. */
export async function startLocker(
  _: LockOrder,
): Promise<{ readonly locked: boolean; readonly outcome: string }> {
  return { locked: false, outcome: "not locked: not built yet" };
}
