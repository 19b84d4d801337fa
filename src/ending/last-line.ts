import { setTimeout as sleep } from "node:timers/promises";
import { type Terminal, terminalName } from "../login/terminal.ts";
import type { Frozen } from "../notice/freeze.ts";
import { reasonOf } from "../text/reason-of.ts";

/** Writes the last line of a terminal, and leaves the programs that draw there stopped; `undefined` if it could not be written. */
export type Say = (terminal: Terminal) => Promise<Frozen | undefined>;

/** The result of writing the last line. */
export interface Said extends Frozen {
  readonly text: string;
}

/** An ending waits this long for its last line: the line is a courtesy, but the limit is a rule. */
const PATIENCE_MS = 10_000;

/** Writes the last line on one terminal. Never throws. `thaw` may be called more than once. */
export async function sayLastLine(terminal: Terminal, say: Say, patienceMs = PATIENCE_MS): Promise<Said> {
  const where = terminalName(terminal);
  const saying = Promise.resolve().then(() => say(terminal));
  const timer = new AbortController();
  const late = sleep(patienceMs, "late" as const, { signal: timer.signal }).catch(() => "late" as const);
  try {
    const frozen = await Promise.race([saying, late]);
    if (frozen === undefined) return { text: `no last line on ${where}`, thaw: () => undefined };
    if (frozen !== "late") return { text: `last line on ${where}`, thaw: once(frozen) };
    // If it stops processes later, they must not stay stopped.
    saying.then((lateFrozen) => lateFrozen?.thaw()).catch(() => undefined);
    return { text: `no last line on ${where}: not in ${patienceMs / 1000} s`, thaw: () => undefined };
  } catch (error) {
    return { text: `no last line on ${where}: ${reasonOf(error)}`, thaw: () => undefined };
  } finally {
    timer.abort();
  }
}

function once(frozen: Frozen): () => void {
  let thawed = false;
  return () => {
    if (thawed) return;
    thawed = true;
    try {
      frozen.thaw();
    } catch {
      // The processes that it stopped are gone.
    }
  };
}
