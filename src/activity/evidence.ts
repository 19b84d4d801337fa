// What evidence of activity is, whatever its source.
import type { Source } from "../policy/policy.ts";

/**
 * Proof that somebody, or work that somebody waits for, was there at `atMs`. `stay`: its user asked for it; `keep`: an administrator did;
 * `login`: it began then.
 */
export interface Evidence {
  readonly source: Source | "stay" | "keep" | "login";
  readonly atMs: number;
  /** In words, for people: `a key`, `CPU 34 %`. */
  readonly detail: string;
}
