// Ends one process by ever harder measures. After each it looks whether the process is gone.
import { constants } from "node:os";
import type { ProcessRef } from "../login/process.ts";
import { reasonOf } from "../text/reason-of.ts";
import { giveTime } from "./give-time.ts";
import { goneWithin, type Held, hold, isGone, isStopped, send } from "./held.ts";

const { SIGCONT, SIGHUP, SIGKILL, SIGTERM } = constants.signals;

/** A process that has to end: held, already gone, or out of reach. */
export interface Target extends Disposable {
  /** Its name in the audit: `child sshd 1234`. */
  readonly name: string;
  readonly held: Held | undefined;
  /** Why it could not be held, though it may exist. */
  readonly fault: string | undefined;
}

/** One thing to try. `take` returns whether the process can act on it now, so whether it makes sense to wait. It may throw. */
export interface Measure {
  readonly name: string;
  readonly take: (held: Held) => boolean;
}

/** The result for one process, or for the last line of one terminal. */
export interface EndingStep {
  readonly ended: boolean;
  readonly text: string;
}

/** The result of an ending: whether all of it is proved gone, and what each step needed. */
export interface EndingOutcome {
  readonly ended: boolean;
  readonly steps: readonly string[];
  /** A session began at the last moment, so only the terminals were ended. */
  readonly spared?: boolean;
}

/** Does nothing: the ending of other processes should end it too. */
export const ITSELF: Measure = { name: "by itself", take: () => true };

/** A stopped process (its user can stop it) does not act on SIGTERM, and SIGCONT would start a race with its user. So SIGKILL is next. */
export const TERMINATE: Measure = {
  name: "after SIGTERM",
  take: (held) => {
    send(held, SIGTERM);
    return !isStopped(held);
  },
};

/** With SIGCONT, since a stopped process does not see the SIGHUP. */
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
 * A process needs some CPU time to end. Its user can deny it: in a cgroup of their own, or by its priority. Root gives it some, after the
 * SIGKILL: then it runs nothing of its user's any more.
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

/** Holds a process that has to end. Never throws: `fault` says why it could not be held. */
export function target(name: string, ref: ProcessRef): Target {
  try {
    const held = hold(ref);
    return { name, held, fault: undefined, [Symbol.dispose]: () => held?.[Symbol.dispose]() };
  } catch (error) {
    return { name, held: undefined, fault: reasonOf(error), [Symbol.dispose]: () => undefined };
  }
}

/** Takes each measure in turn until the process is gone, and waits up to `graceMs` after each. Never throws. */
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
