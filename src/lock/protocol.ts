// What a locker and its ask-pam say to each other: lines of JSON in one direction, answers that end in a 0 byte in the other.
import * as v from "valibot";

/** The descriptors of ask-pam. PAM's modules may print on 1 and 2 and may read 0. */
export const QUESTIONS = 3;
export const ANSWERS = 4;

/** The longest answer in bytes, without its 0 (PAM_MAX_RESP_SIZE of Linux-PAM is 512 with it). */
export const LONGEST_ANSWER = 511;

const fromPam = v.variant("kind", [
  v.object({ kind: v.literal("ask"), text: v.string(), echo: v.boolean() }),
  v.object({ kind: v.literal("say"), text: v.string(), error: v.boolean() }),
  v.object({ kind: v.literal("result"), code: v.number(), text: v.string() }),
]);

/** One line of ask-pam: a question, something to show, or PAM's decision. */
export type FromPam = v.InferOutput<typeof fromPam>;

/** Reads one line. Throws if it is none of ask-pam's. */
export function parseLine(line: string): FromPam {
  return v.parse(fromPam, JSON.parse(line));
}
