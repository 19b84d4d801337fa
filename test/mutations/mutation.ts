// A mutation: a change to one place in the code that a promise rests on. `scripts/mutations` makes each and sees a named test fail.

export interface Mutation {
  /** Where it stands, from the root of the checkout. */
  readonly file: string;
  /** The text that the mutation replaces; it stands there exactly once. */
  readonly find: string;
  /** What replaces it. */
  readonly replace: string;
  /** What that place guards against. */
  readonly why: string;
  /** The title of the test that fails with the mutation. */
  readonly case: string;
  /** The file of that test, from the root of the checkout. */
  readonly test: string;
}
