import { closeSync } from "node:fs";
import { hangUpTerminal } from "../libc.ts";
import { openTerminal, type Terminal, terminalName } from "../login/terminal.ts";
import {
  HANG_UP_SIGNAL,
  insist,
  KILL,
  type Measure,
  type Outcome,
  outcomeOf,
  type Step,
  type Target,
  target,
} from "./insist.ts";
import { type Said, type Say, sayLastLine } from "./last-line.ts";

/** How an ending goes about it. */
export interface Manner {
  /** This process may hang up any terminal and signal any process. */
  readonly asRoot: boolean;
  /** How long each measure is given to work. */
  readonly graceMs: number;
  readonly say: Say;
  /**
   * A login in which a session began after this (boot clock) loses its terminals and lives on: nobody has judged that session.
   * Without it all goes.
   */
  readonly sinceMs?: number | undefined;
}

/**
 * Ends one terminal of a login and leaves the others alone: the last line, then a hang-up (as root of the line itself, which
 * stopped and trapping programs lose as well; else by signal), then SIGKILL. Only the session leader is ever signalled: the
 * kernel hangs up its foreground job when it ends, and what the user detached lives on. Never throws.
 */
export async function hangUp(terminal: Terminal, { asRoot, graceMs, say }: Manner): Promise<Outcome> {
  using leader = target(
    `session leader ${terminal.leader.pid} of ${terminalName(terminal)}`,
    terminal.leader,
  );
  const said = await sayLastLine(terminal, say);
  const step = await hangUpLeader(terminal, leader, said, { asRoot, graceMs });
  return outcomeOf([{ ended: true, text: said.text }, step]);
}

/** Ends the session leader of a terminal whose last line is said. Never throws. */
export async function hangUpLeader(
  terminal: Terminal,
  leader: Target,
  said: Said,
  { asRoot, graceMs }: Pick<Manner, "asRoot" | "graceMs">,
): Promise<Step> {
  const measures = asRoot ? [hangUpLine(terminal, said), HANG_UP_SIGNAL, KILL] : [HANG_UP_SIGNAL, KILL];
  const step = await insist(leader, measures, graceMs);
  said.thaw();
  return step;
}

/** Thaws at once: nothing reaches a terminal that has been hung up, and a leader that waits for its job can see the job end. */
function hangUpLine(terminal: Terminal, said: Said): Measure {
  return {
    name: "after a hang-up",
    take: () => {
      const fd = openTerminal(terminal);
      try {
        hangUpTerminal(fd);
      } finally {
        closeSync(fd);
      }
      said.thaw();
      return true;
    },
  };
}
