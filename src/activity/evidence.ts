// Evidence of activity, the same for every source.
import type { Source } from "../policy/policy.ts";
import type { BootMs } from "../system/clock.ts";

/**
 * Proof that at `atMs` somebody was there, or work that somebody waits for. `stay`: the user asked for it; `keep`: an administrator did;
 * `login`: the login began then; `unlock`:
 * the terminal was unlocked.
 */
export interface Evidence<At extends number = BootMs> {
  readonly source: Source | "stay" | "keep" | "login" | "unlock";
  readonly atMs: At;
  /** In words, for people: `a key`, `CPU 34 %`. */
  readonly detail: string;
}
