// What `afkill doctor` finds.

import { SetupError } from "../../change/setup-error.ts";
import { reasonOf } from "../../text/reason-of.ts";
import type { Installation } from "./installation.ts";

export type Level = "ok" | "warning" | "error";

/** Something that is wrong, or (a warning) worth a look, and what to do about it. */
export interface Problem {
  readonly level: Exclude<Level, "ok">;
  readonly what: string;
  readonly remedy: string;
}

/** One thing that can be wrong. */
export interface Check {
  /** Names it for good: monitoring goes by it. */
  readonly id: string;
  /** Whether it matters for this installation; absent: for every one. */
  readonly concerns?: (installation: Installation) => boolean;
  /** What is said when nothing is found. */
  readonly fine: string;
  readonly find: (installation: Installation) => readonly Problem[] | Promise<readonly Problem[]>;
}

/** One line of the doctor's answer. */
export interface Finding {
  /** That of its check. */
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

/** What `look` returns; where it throws, what that tells. A `SetupError` brings its remedy. */
export function orProblem(look: () => readonly Problem[], remedy: string): readonly Problem[] {
  try {
    return look();
  } catch (thrown) {
    return [problemOf(thrown, remedy)];
  }
}

/** An error that was thrown, as a problem. `remedy` goes with one that does not bring its own. */
export function problemOf(thrown: unknown, remedy: string): Problem {
  return thrown instanceof SetupError ? error(thrown.wrong, thrown.todo) : error(reasonOf(thrown), remedy);
}
