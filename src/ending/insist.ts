// Ending one process, by ever harder measures, each proved by looking.
import { constants } from "node:os";
import type { ProcessRef } from "../login/process.ts";
import { reasonOf } from "../text/reason-of.ts";
import { giveTime } from "./give-time.ts";
import { goneWithin, type Held, hold, isGone, isStopped, send } from "./held.ts";

const { SIGCONT, SIGHUP, SIGKILL, SIGTERM } = constants.signals;

/** A process that has to end: held, already gone, or out of reach. */
export interface Target extends Disposable {
  /** What it is, for the audit: `child sshd 1234`. */
  readonly name: string;
  readonly held: Held | undefined;
  /** Why it could not be held, though it may be there. */
  readonly fault: string | undefined;
}

/** One thing to try. `take` returns whether the process can act on it now, so whether waiting makes sense; it may throw. */
export interface Measure {
  readonly name: string;
  readonly take: (held: Held) => boolean;
}

/** What became of one process, or of one terminal's last line. */
export interface EndingStep {
  readonly ended: boolean;
  readonly text: string;
}

/** What an ending came to: whether all of it is proved gone, and what each step needed. */
export interface EndingOutcome {
  readonly ended: boolean;
  readonly steps: readonly string[];
  /** A session began at the last moment, so only the terminals were ended. */
  readonly spared?: boolean;
}

/** Nothing is done: what was done to others should end it. */
export const ITSELF: Measure = { name: "by itself", take: () => true };

/** A stopped process (its user can stop it) does not act on SIGTERM, and SIGCONT would start a race with its user: on to SIGKILL. */
export const TERMINATE: Measure = {
  name: "after SIGTERM",
  take: (held) => {
    send(held, SIGTERM);
    return !isStopped(held);
  },
};

/** SIGCONT, since a stopped process does not see the SIGHUP. */
export const HANG_UP_SIGNAL: Measure = {
  name: "after SIGHUP and SIGCONT",
  take: (held) => {
    send(held, SIGHUP, SIGCONT);
    return true;
  },
};

export const KILL: Measure = {
  name: "after SIGKILL",
  take: (held) => {
    send(held, SIGKILL);
    return true;
  },
};

/**
 * To end takes a process some time of a CPU, and its user can see to it that it gets none: in a cgroup of their own, by its priority. Root
 * gives it some, after the SIGKILL: so it runs nothing of its user's in it.
 */
export const KILL_WITH_TIME: Measure = {
  name: "after SIGKILL and time of a CPU",
  take: (held) => {
    send(held, SIGKILL);
    if (!isGone(held)) giveTime(held.ref.pid);
    return true;
  },
};

/** What ends a process for good, in turn. */
export function killing(asRoot: boolean): readonly Measure[] {
  return asRoot ? [KILL, KILL_WITH_TIME] : [KILL];
}

/** Takes hold of a process that has to end. Never throws: `fault` says why it could not. */
export function target(name: string, ref: ProcessRef): Target {
  try {
    const held = hold(ref);
    return { name, held, fault: undefined, [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  } catch (error) {
    return { name, held: undefined, fault: reasonOf(error), [Symbol.dispose]: () => undefined };
  }
}

/** Takes each measure in turn, and waits up to `graceMs` after each, until the process is gone. Never throws. */
export async function insist(
  { name, held, fault }: Target,
  measures: readonly Measure[],
  graceMs: number,
): Promise<EndingStep> {
  if (fault !== undefined) return { ended: false, text: `${name} still there: ${fault}` };
  const tried: string[] = [];
  try {
    if (!held || isGone(held)) return { ended: true, text: `${name} ended ${ITSELF.name}` };
    for (const measure of measures) {
      const { worthWaiting, failure } = attempt(measure, held);
      tried.push(failure === undefined ? measure.name : `${measure.name} (failed: ${failure})`);
      if (await goneWithin(held, worthWaiting ? graceMs : 0))
        return { ended: true, text: `${name} ended ${tried.at(-1)}` };
    }
  } catch (error) {
    tried.push(reasonOf(error));
  }
  return { ended: false, text: `${name} still there: not ended ${tried.join(", ")}` };
}

function attempt(measure: Measure, held: Held): { worthWaiting: boolean; failure: string | undefined } {
  try {
    return { worthWaiting: measure.take(held), failure: undefined };
  } catch (error) {
    return { worthWaiting: false, failure: reasonOf(error) };
  }
}

/** The outcome of several steps. */
export function outcomeOf(steps: readonly EndingStep[]): EndingOutcome {
  return { ended: steps.every(({ ended }) => ended), steps: steps.map(({ text }) => text) };
}
