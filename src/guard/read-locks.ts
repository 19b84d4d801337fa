// Reads which terminals of a login are locked.
import { locksOf } from "../lock/record.ts";
import type { Login } from "../login/login.ts";
import { isAlive } from "../login/process.ts";
import type { Applied } from "../policy/policy.ts";
import type { Locks } from "./lock-activity.ts";

/** The locks of a login, by the ids of its terminals. Only root sees them. */
export function readLocks(login: Login): Locks {
  return Object.fromEntries(locksOf(login).map((lock) => [`pts/${lock.number}`, lock]));
}

/** The same, after the terminals whose lockers are gone were given back. */
export async function readLivingLocks(login: Login, applied: Applied): Promise<Locks> {
  if (locksOf(login).some(({ locker }) => !isAlive(locker))) await giveBack(login, applied);
  return readLocks(login);
}

/** Few checks need what this needs. */
async function giveBack(login: Login, applied: Applied): Promise<void> {
  const { restoreLocks } = await import("../lock/restore.ts");
  const { recordBrokenLock } = await import("./fault.ts");
  for (const terminal of await restoreLocks(login)) await recordBrokenLock(login, applied, terminal);
}
