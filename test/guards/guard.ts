// A guard: one place in the code that a promise rests on. `scripts/guards` removes each and sees a named case fail.

export interface Guard {
  /** Where it stands, from the root of the checkout. */
  readonly file: string;
  /** The text of the guard; it stands there exactly once. */
  readonly find: string;
  /** What stands there once the guard is removed. */
  readonly replace: string;
  /** What it guards against. */
  readonly why: string;
  /** The title of the case that fails without it. */
  readonly case: string;
  readonly project: "cases" | "cases-machines" | "cases-crowd" | "unit" | "e2e";
  /** The file of that case, from the root of the checkout. */
  readonly test: string;
}
