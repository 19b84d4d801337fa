// The clocks of a check: reads them, notes steps and suspends between two readings, and puts times on the idle clock.
import {
  type BootMs,
  type ClockEvent,
  type ClockMap,
  type Clocks,
  endOfHistoryMs,
  eventsAfter,
  gapsBetween,
  mapClocks,
  stepsBetween,
  type Told,
  withEvents,
} from "../system/clock.ts";

/** What is remembered of the clocks between two readings. */
export interface ClockNotes {
  readonly history: readonly ClockEvent[];
  /** The last reading; absent before the first. */
  readonly clocks?: Clocks | undefined;
}

/**
 * Adds to the history what happened to the clocks since the last reading. `told`: what a watchdog noted while it slept. It knows better
 * than two readings when something happened.
 */
export function recordClockEvents<Notes extends ClockNotes>(notes: Notes, now: Clocks, told?: Told): Notes {
  const { clocks, history } = notes;
  const news = told && eventsAfter(clocks?.bootMs ?? endOfHistoryMs(history), told.events);
  const steps = news?.filter(({ kind }) => kind !== "gap") ?? (clocks ? stepsBetween(clocks, now) : []);
  const before = clocks ?? told?.begun;
  const gaps = gapsBetween(before, now, news);
  // A suspend too short to be told from a reading error is not lost: it stays in the next difference.
  const suspendedMs = before && gaps.length === 0 ? before.suspendedMs : now.suspendedMs;
  return { ...notes, history: withEvents(history, [...steps, ...gaps]), clocks: { ...now, suspendedMs } };
}

/** Keeps the clocks of one check. */
export class ClockKeeper {
  readonly #readClocks: () => Clocks;
  #notes: ClockNotes;
  #map: ClockMap;

  /** Takes the first reading. */
  constructor(readClocks: () => Clocks, { clocks, history }: ClockNotes, told?: Told) {
    this.#readClocks = readClocks;
    this.#notes = { clocks, history };
    this.#map = this.#take(told);
  }

  /** Reads the clocks again and notes what happened to them. */
  read(): void {
    this.#map = this.#take();
  }

  #take(told?: Told): ClockMap {
    const now = this.#readClocks();
    this.#notes = recordClockEvents(this.#notes, now, told);
    return mapClocks(this.#notes.history, now);
  }

  /** What to remember of the clocks. */
  get notes(): ClockNotes {
    return this.#notes;
  }

  /** Puts times up to the last reading on the boot clock and the idle clock. */
  get map(): ClockMap {
    return this.#map;
  }

  /** The boot clock at the last reading. */
  get bootMs(): BootMs {
    return this.#map.now.bootMs;
  }

  /** How long the idle clock has run since `bootMs`, in ms. */
  idleMsSince(bootMs: BootMs): number {
    return this.#map.toIdleMs(this.bootMs) - this.#map.toIdleMs(bootMs);
  }
}
