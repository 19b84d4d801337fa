// What `afkill doctor` finds.

import { SetupError } from "../../change/setup-error.ts";
import { reasonOf } from "../../text/reason-of.ts";
import type { Installation } from "./installation.ts";

export type Level = "ok" | "warning" | "error";

/** Something that is wrong, or (a warning) worth a look, with its remedy. */
export interface Problem {
  readonly level: Exclude<Level, "ok">;
  readonly what: string;
  readonly remedy: string;
}

/** One thing that can be wrong. */
export interface Check {
  /** A name that never changes: monitoring uses it. */
  readonly id: string;
  /** Whether the check matters for this installation; absent: for every one. */
  readonly concerns?: (installation: Installation) => boolean;
  /** The message if nothing is found. */
  readonly fine: string | ((installation: Installation) => string);
  readonly find: (installation: Installation) => readonly Problem[] | Promise<readonly Problem[]>;
}

/** One line of the doctor's output. */
export interface Finding {
  /** The id of its check. */
  readonly id: string;
  readonly level: Level;
  readonly what: string;
  readonly remedy?: string;
}

/** An error with its remedy. */
export function error(what: string, remedy: string): Problem {
  return { level: "error", what, remedy };
}

/** A warning with its remedy. */
export function warning(what: string, remedy: string): Problem {
  return { level: "warning", what, remedy };
}

/** The result of `look`; if it throws, the error as a problem. A `SetupError` has its own remedy. */
export function orProblem(look: () => readonly Problem[], remedy: string): readonly Problem[] {
  try {
    return look();
  } catch (thrown) {
    return [problemOf(thrown, remedy)];
  }
}

/** A thrown error as a problem. `remedy` is used if the error has none. */
export function problemOf(thrown: unknown, remedy: string): Problem {
  return thrown instanceof SetupError ? error(thrown.wrong, thrown.todo) : error(reasonOf(thrown), remedy);
}
