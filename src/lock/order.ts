// What a locker is told: JSON on its standard input.
import type { AuditRecord } from "../audit/record.ts";
import type { Login } from "../login/login.ts";
import type { LockCause } from "./record.ts";

export interface LockOrder {
  readonly login: Login;
  /** The id of the terminal in its login: `pts/3`. */
  readonly terminal: string;
  /** Where the record of the lock goes. */
  readonly stateDirectory: string;
  readonly cause: LockCause;
  /** The administrator who asked for it; empty for another cause. */
  readonly by: string;
  /** For how long nobody had typed, in ms. */
  readonly idleMs: number;
  /** `lock_max` in ms; `null` for "off". */
  readonly lockMaxMs: number | null;
  /** `lock_tries`. */
  readonly tries: number;
  /** The administrator's own line; empty for none. */
  readonly message: string;
  /** A record of this terminal for the audit, from which the locker makes those of wrong answers and of the unlocking. */
  readonly record: AuditRecord;
}
