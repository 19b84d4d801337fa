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
  reasonOf,
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
}

/**
 * Ends one terminal of a login and leaves the others alone: the last line, then a hang-up (as root of the line itself, which
 * stopped and trapping programs lose as well; else by signal), then SIGKILL. Only the session leader is ever signalled: the
 * kernel hangs up its foreground job when it ends, and what the user detached lives on. Never throws.
 */
export async function hangUp(terminal: Terminal, { asRoot, graceMs, say }: Manner): Promise<Outcome> {
  if (!terminal.leader) return hangUpWithoutLeader(terminal, say);
  using leader = target(
    `session leader ${terminal.leader.pid} of ${terminalName(terminal)}`,
    terminal.leader,
  );
  const said = await sayLastLine(terminal, say);
  const measures = asRoot ? [hangUpLine(terminal, said), HANG_UP_SIGNAL, KILL] : [HANG_UP_SIGNAL, KILL];
  const step = await insist(leader, measures, graceMs);
  said.thaw();
  return outcomeOf([{ ended: true, text: said.text }, step]);
}

/** A terminal that no process of the login leads: there is nobody to signal, and whoever has it open loses it with the line. */
async function hangUpWithoutLeader(terminal: Terminal, say: Say): Promise<Outcome> {
  const said = await sayLastLine(terminal, say);
  const line = { ended: true, text: said.text };
  try {
    hangUpNow(terminal);
    return outcomeOf([line, { ended: true, text: `${terminalName(terminal)} hung up` }]);
  } catch (error) {
    return outcomeOf([
      line,
      { ended: false, text: `${terminalName(terminal)} not hung up: ${reasonOf(error)}` },
    ]);
  } finally {
    said.thaw();
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
