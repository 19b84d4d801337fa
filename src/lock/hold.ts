// Stops every process that reads a terminal. The record is on disk before the first of them is stopped.

import { type ProcessRef, type ProcessStat, readStat } from "../login/process.ts";
import { detachClients } from "../notice/detach.ts";
import { newStopper, type Stopper, stopForeground } from "../notice/freeze.ts";
import { printable } from "../text/unseen.ts";
import { type Held, holdersOf } from "./holders.ts";
import { askToLetGo, type Spared } from "./let-go.ts";

/** A terminal that only we read. */
export interface Hold {
  /**
   * Stops what has begun to read since; looks more often while somebody types. Returns who could read what is typed all the same, in words;
   * `undefined` for nobody. Throws if the terminal is gone.
   */
  readonly renew: (isAsking: boolean) => Promise<string | undefined>;
  /** Lets everything continue. */
  readonly release: () => void;
}

/** A busy host may take so long to stop a process. */
const STOPS_WITHIN_MS = 3_000;
/** A terminal can get readers while they are being stopped. */
const MOST_ROUNDS = 3;
/** To look at every process of the host may take this share of the time: while somebody types, and while nobody does. */
const SHARE_ASKING = 0.05;
const SHARE_IDLE = 0.002;

/**
 * Stops the leader, the foreground group and everybody else that could read the terminal. `note` is told what will be stopped, before it is.
 * `take`: makes the terminal root's alone, for a wrap that lets go of it. Throws, with nothing stopped, if the terminal cannot be had alone.
 */
export async function holdTerminal(
  held: Held,
  note: (stopped: readonly ProcessRef[]) => void,
  take: () => void,
): Promise<Hold> {
  await detachFromOutsiders(held);
  const stopper = newStopper(note);
  try {
    // Nothing may be stopped without a record, even if nothing is found to be stopped.
    note([]);
    const spared = await askToLetGo(held, stopper, take);
    await stopForeground(held.terminal, stopper, spared.has);
    const reader = await stopReaders(held, stopper);
    if (reader !== undefined) throw new Error(`${reader} reads this terminal`);
    const [running] = await stopper.running(STOPS_WITHIN_MS);
    const stat = running && readStat(running.pid);
    if (stat) throw new Error(`${nameOf(stat)} cannot be stopped`);
    return { renew: renewer(held, stopper, spared), release: stopper.thaw };
  } catch (error) {
    stopper.thaw();
    throw error;
  }
}

/** A server of tmux or screen that also serves another login lets go of this terminal when its client here is gone. */
async function detachFromOutsiders(held: Held): Promise<void> {
  if (holdersOf(held).outsiders.length > 0) await detachClients(held.terminal);
}

/** Stops the readers until there are no more. Returns who reads all the same, in words; `undefined` for nobody. */
async function stopReaders(held: Held, stopper: Stopper): Promise<string | undefined> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { readers, outsiders, isComplete } = holdersOf(held);
    const [outsider] = outsiders;
    if (outsider) return `${nameOf(outsider)} outside the login`;
    if (!isComplete) return "perhaps one of too many processes";
    const known = new Set(stopper.stopped().map(({ pid }) => pid));
    const more = readers.filter(({ pid, state }) => !known.has(pid) && state !== "T");
    if (more.length === 0) return undefined;
    await stopper.stop(more);
  }
  return "one process after the other";
}

function nameOf({ pid, name }: ProcessStat): string {
  return `process ${pid} (${printable(name)})`;
}

/** Looks at the foreground each time, and at the whole host as often as that is cheap. */
function renewer(held: Held, stopper: Stopper, spared: Spared): Hold["renew"] {
  let reader: string | undefined;
  let looked = { atMs: 0, tookMs: 0 };
  return async (isAsking) => {
    const continued = await stopper.renew();
    const cameBack = spared.renew();
    await stopForeground(held.terminal, stopper, spared.has);
    const beganMs = performance.now();
    if (beganMs >= looked.atMs + looked.tookMs / (isAsking ? SHARE_ASKING : SHARE_IDLE)) {
      reader = await stopReaders(held, stopper);
      looked = { atMs: performance.now(), tookMs: performance.now() - beganMs };
    }
    if (continued.length > 0) return reader ?? "a stopped program that somebody lets continue";
    return reader ?? (cameBack ? "a program that got this terminal back" : undefined);
  };
}
