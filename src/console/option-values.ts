// Values of options that several commands use.

import { InvalidArgumentError } from "commander";
import { parseDuration } from "../text/duration.ts";
import { reasonOf } from "../text/reason-of.ts";

/** Reads a duration such as `90s` or `1h30m`, in ms. Throws commander's error, which tells the user what was wrong. */
export function durationValue(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(reasonOf(error));
  }
}
