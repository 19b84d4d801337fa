import { closeSync } from "node:fs";
import { openTerminal, type Terminal, terminalName } from "../login/terminal.ts";
import { hangUpTerminal } from "../system/libc.ts";
import { reasonOf } from "../text/reason-of.ts";
import {
  type EndingOutcome,
  type EndingStep,
  HANG_UP_SIGNAL,
  insist,
  killing,
  type Measure,
  outcomeOf,
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
export async function hangUp(terminal: Terminal, { asRoot, graceMs, say }: Manner): Promise<EndingOutcome> {
  using leader = leaderOf(terminal);
  const said = await sayLastLine(terminal, say);
  const step = await hangUpSaid(terminal, leader, said, { asRoot, graceMs });
  return outcomeOf([{ ended: true, text: said.text }, step]);
}

/** Takes hold of the leader of a terminal's session; `undefined` where no process of the login leads it. */
export function leaderOf(terminal: Terminal): Target | undefined {
  const { leader } = terminal;
  return leader && target(`session leader ${leader.pid} of ${terminalName(terminal)}`, leader);
}

/** Hangs up a terminal whose last line is said, and ends the leader of its session. Never throws. */
export async function hangUpSaid(
  terminal: Terminal,
  leader: Target | undefined,
  said: Said,
  { asRoot, graceMs }: Pick<Manner, "asRoot" | "graceMs">,
): Promise<EndingStep> {
  const measures = asRoot
    ? [hangUpLine(terminal, said), HANG_UP_SIGNAL, ...killing(asRoot)]
    : [HANG_UP_SIGNAL, ...killing(asRoot)];
  const step = leader ? await insist(leader, measures, graceMs) : hangUpAlone(terminal);
  said.thaw();
  return step;
}

/** A terminal that no process of the login leads: there is nobody to signal, and whoever has it open loses it with the line. */
function hangUpAlone(terminal: Terminal): EndingStep {
  try {
    hangUpNow(terminal);
    return { ended: true, text: `${terminalName(terminal)} hung up` };
  } catch (error) {
    return { ended: false, text: `${terminalName(terminal)} not hung up: ${reasonOf(error)}` };
  }
}

function hangUpNow(terminal: Terminal): void {
  const fd = openTerminal(terminal);
  try {
    hangUpTerminal(fd);
  } finally {
    closeSync(fd);
  }
}

/** Thaws at once: nothing reaches a terminal that has been hung up, and a leader that waits for its job can see the job end. */
function hangUpLine(terminal: Terminal, said: Said): Measure {
  return {
    name: "after a hang-up",
    take: () => {
      hangUpNow(terminal);
      said.thaw();
      return true;
    },
  };
}
