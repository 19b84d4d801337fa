// Reads which terminals of a login are locked.
import { locksOf } from "../lock/record.ts";
import { restoreLocks } from "../lock/restore.ts";
import type { Login } from "../login/login.ts";
import type { Applied } from "../policy/policy.ts";
import { recordBrokenLock } from "./fault.ts";
import type { Locks } from "./lock-activity.ts";

/** The locks of a login, by the ids of its terminals. Only root sees them. */
export function readLocks(login: Login): Locks {
  return Object.fromEntries(locksOf(login).map((lock) => [`pts/${lock.number}`, lock]));
}

/** The same, after the terminals whose lockers are gone were given back. */
export async function readLivingLocks(login: Login, applied: Applied): Promise<Locks> {
  for (const terminal of await restoreLocks(login)) await recordBrokenLock(login, applied, terminal);
  return readLocks(login);
}
