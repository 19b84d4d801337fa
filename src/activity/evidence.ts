// What evidence of activity is, whatever its source.
import type { Source } from "../policy/policy.ts";
import type { BootMs } from "../system/clock.ts";

/**
 * Proof that somebody, or work that somebody waits for, was there at `atMs`. `stay`: its user asked for it; `keep`: an administrator did;
 * `login`: it began then.
 */
export interface Evidence<At extends number = BootMs> {
  readonly source: Source | "stay" | "keep" | "login";
  readonly atMs: At;
  /** In words, for people: `a key`, `CPU 34 %`. */
  readonly detail: string;
}
