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

/** How an ending is done. */
export interface Manner {
  /** This process may hang up any terminal and signal any process. */
  readonly asRoot: boolean;
  /** How long each measure may take to work. */
  readonly graceMs: number;
  readonly say: Say;
  /**
   * If a session began in a login after this (boot clock), the login loses its terminals but lives on: nobody has judged that session. If
   * absent, everything ends.
   */
  readonly sinceMs?: number | undefined;
}

/**
 * Ends one terminal of a login and no other: first the last line, then a hang-up, then SIGKILL. Root hangs up the line itself, so that
 * stopped and trapping programs lose it too; others hang up by signal. Only the session leader is ever signalled: when it ends, the kernel
 * hangs up its foreground job. Processes that the user detached live on. Never throws.
 */
export async function hangUp(terminal: Terminal, { asRoot, graceMs, say }: Manner): Promise<EndingOutcome> {
  using leader = leaderOf(terminal);
  const said = await sayLastLine(terminal, say);
  const step = await hangUpSaid(terminal, leader, said, { asRoot, graceMs });
  return outcomeOf([{ ended: true, text: said.text }, step]);
}

/** Holds the leader of a terminal's session; `undefined` if no process of the login leads it. */
export function leaderOf(terminal: Terminal): Target | undefined {
  const { leader } = terminal;
  return leader && target(`session leader ${leader.pid} of ${terminalName(terminal)}`, leader);
}

/** Hangs up a terminal after its last line, and ends its session leader. Never throws. */
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

/**
 * Hangs up a terminal that no process of the login leads. There is nobody to signal. Every process that has it open loses it with the line.
 */
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

/** Thaws at once: nothing reaches a terminal after a hang-up, and a leader that waits for its job can see the job end. */
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
