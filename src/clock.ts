// Turns wall-clock times of the kernel (a terminal's atime) into times that steps of the clock and suspends cannot move.
//
// Boot clock: /proc/uptime, never stepped, runs on while the machine is suspended (proc_uptime(5)).
// Idle clock: the boot clock less the gaps in which the machine did not run; what limits are counted on.
import os from "node:os";

/** What the watchdog, or a check that stayed, noted of the clocks. Times in whole seconds, as `sh` can reckon them. */
export type ClockEvent =
  | { readonly kind: "start"; readonly bootS: number; readonly wallS: number }
  | {
      readonly kind: "step";
      readonly beforeBootS: number;
      readonly beforeWallS: number;
      readonly afterBootS: number;
      readonly afterWallS: number;
    }
  | { readonly kind: "gap"; readonly fromBootS: number; readonly toBootS: number };

/** Both clocks at one moment. */
export interface ClockReading {
  readonly bootMs: number;
  readonly wallMs: number;
}

/** A wall clock that moved by more than this against the boot clock was stepped; less is whole-second rounding or NTP slewing. */
export const STEP_TOLERANCE_MS = 2_000;
/** A sleep that took longer than asked by more than this was a suspend or a stopped machine, not a busy one. */
export const GAP_TOLERANCE_MS = 5_000;
/** The end of a bucket can lie this far ahead of the key that fell into it. */
const BUCKET_MS = 8_000;

/**
 * Reads both clocks. The wall clock first: where this process has to wait between the two, times of the kernel come out later on the
 * boot clock, not earlier, and nobody is ended early.
 */
export function readClocks(): ClockReading {
  const wallMs = Date.now();
  const bootMs = Math.round(os.uptime() * 1000);
  return { bootMs, wallMs };
}

/** After this long both clocks are read anew: by then the wall clock may have been stepped. */
const SHARED_MS = 100;

/**
 * Reads both clocks for many logins. Between two readings a third clock tells how far they went, which takes less time. It stands
 * still while the machine is suspended, and makes nobody idle for longer than they are.
 */
export function sharedClocks(): () => ClockReading {
  let reading = readClocks();
  let readAtMs = monotonicMs();
  return () => {
    const passedMs = monotonicMs() - readAtMs;
    if (passedMs <= SHARED_MS)
      return { bootMs: Math.round(reading.bootMs + passedMs), wallMs: Math.round(reading.wallMs + passedMs) };
    reading = readClocks();
    readAtMs = monotonicMs();
    return reading;
  };
}

/** What `performance.now()` tells, which takes loading. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1_000_000;
}

/** Parses the watchdog's history (`start U W;step U0 W0 U1 W1;gap U0 U1`). What is not of that form is passed over. */
export function parseHistory(text: string): ClockEvent[] {
  return text.split(";").flatMap((entry): ClockEvent[] => {
    const [kind, ...words] = entry.trim().split(/\s+/);
    if (words.some((word) => !/^\d{1,12}$/.test(word))) return [];
    const [a = -1, b = -1, c = -1, d = -1] = words.map(Number);
    if (kind === "start" && words.length === 2) return [{ kind, bootS: a, wallS: b }];
    if (kind === "step" && words.length === 4)
      return [{ kind, beforeBootS: a, beforeWallS: b, afterBootS: c, afterWallS: d }];
    if (kind === "gap" && words.length === 2 && b > a) return [{ kind, fromBootS: a, toBootS: b }];
    return [];
  });
}

/** A history longer than this comes from clocks that are moved all the time. */
export const MOST_EVENTS = 64;

/** Of what a watchdog tells, again and again, what is not yet in the history: what ended after everything in it. */
export function newsFor(history: readonly ClockEvent[], told: readonly ClockEvent[]): ClockEvent[] {
  const knownS = Math.max(...history.map(endOf));
  return told.filter((event) => endOf(event) > knownS);
}

/**
 * Adds events to a history, of which no more than `MOST_EVENTS` are kept. Gaps are not forgotten then, since they would count as idle
 * time: two become one that ends where the later one did, and what came between them counts as later than it was.
 */
export function withEvents(history: readonly ClockEvent[], events: readonly ClockEvent[]): ClockEvent[] {
  let all = [...history, ...events];
  while (all.length > MOST_EVENTS) {
    const [first, second] = all.filter((event) => event.kind === "gap");
    if (!first || !second) return all.slice(-MOST_EVENTS);
    const merged = { ...second, fromBootS: second.fromBootS - (first.toBootS - first.fromBootS) };
    all = all.filter((event) => event !== first).map((event) => (event === second ? merged : event));
  }
  return all;
}

function endOf(event: ClockEvent): number {
  if (event.kind === "start") return event.bootS;
  return event.kind === "step" ? event.afterBootS : event.toBootS;
}

/** What happened to the clocks between two readings that were meant to be `expectedMs` apart. */
export function eventsBetween(before: ClockReading, after: ClockReading, expectedMs: number): ClockEvent[] {
  const events: ClockEvent[] = [];
  const seconds = (ms: number) => Math.floor(ms / 1000);
  const tookMs = after.bootMs - before.bootMs;
  if (tookMs - expectedMs > GAP_TOLERANCE_MS)
    events.push({
      kind: "gap",
      fromBootS: seconds(before.bootMs + expectedMs),
      toBootS: seconds(after.bootMs),
    });
  const movedMs = after.wallMs - before.wallMs - tookMs;
  if (Math.abs(movedMs) > STEP_TOLERANCE_MS)
    events.push({
      kind: "step",
      beforeBootS: seconds(before.bootMs),
      beforeWallS: seconds(before.wallMs),
      afterBootS: seconds(after.bootMs),
      afterWallS: seconds(after.wallMs),
    });
  return events;
}

/** A stretch of the boot clock on which the wall clock ran at one distance from it. */
interface Segment {
  readonly fromBootMs: number;
  readonly toBootMs: number;
  readonly offsetMs: number;
}

/** The mappings that a history allows at one moment. */
export interface ClockMap {
  readonly now: ClockReading;
  /** Boot time of a wall time, or `undefined` when the clock never showed it. Where a step made it ambiguous, the latest: nobody is ended early. */
  readonly toBootMs: (wallMs: number) => number | undefined;
  /** Idle-clock time of a boot time. */
  readonly toIdleMs: (bootMs: number) => number;
}

/** Builds the map of a history as it stands at `now`. */
export function mapClocks(history: readonly ClockEvent[], now: ClockReading): ClockMap {
  const segments = segmentsOf(history, now);
  const gaps = history.filter((event) => event.kind === "gap");
  return {
    now,
    toBootMs: (wallMs) => {
      const fitting = segments
        .map(({ fromBootMs, toBootMs, offsetMs }) => ({ bootMs: wallMs - offsetMs, fromBootMs, toBootMs }))
        .filter(
          ({ bootMs, fromBootMs, toBootMs }) =>
            bootMs >= fromBootMs - STEP_TOLERANCE_MS && bootMs <= toBootMs + STEP_TOLERANCE_MS + BUCKET_MS,
        );
      return fitting.length === 0 ? undefined : Math.max(...fitting.map(({ bootMs }) => bootMs));
    },
    toIdleMs: (bootMs) =>
      gaps.reduce((idleMs, { fromBootS, toBootS }) => {
        const passedMs = Math.min(bootMs, toBootS * 1000) - fromBootS * 1000;
        return idleMs - Math.max(0, passedMs);
      }, bootMs),
  };
}

/** The segments between the steps. The last one takes its distance from `now`, which is exact where the notes are whole seconds. */
function segmentsOf(history: readonly ClockEvent[], now: ClockReading): Segment[] {
  const segments: Segment[] = [];
  let fromBootMs = Number.NEGATIVE_INFINITY;
  let offsetMs: number | undefined;
  for (const event of history) {
    if (event.kind === "start") {
      const startOffsetMs = (event.wallS - event.bootS) * 1000;
      // A watchdog that took over from another: nobody noted what came between, at any time since the last note.
      if (offsetMs !== undefined && Math.abs(offsetMs - startOffsetMs) > STEP_TOLERANCE_MS)
        segments.push({ fromBootMs, toBootMs: event.bootS * 1000, offsetMs });
      offsetMs = startOffsetMs;
    } else if (event.kind === "step") {
      offsetMs ??= (event.beforeWallS - event.beforeBootS) * 1000;
      segments.push({ fromBootMs, toBootMs: event.afterBootS * 1000, offsetMs });
      fromBootMs = event.beforeBootS * 1000;
      offsetMs = (event.afterWallS - event.afterBootS) * 1000;
    }
  }
  const nowOffsetMs = now.wallMs - now.bootMs;
  if (offsetMs !== undefined && Math.abs(offsetMs - nowOffsetMs) > STEP_TOLERANCE_MS) {
    // A step that nobody noted yet: it may have come at any time since the last note.
    segments.push({ fromBootMs, toBootMs: now.bootMs, offsetMs });
  }
  segments.push({ fromBootMs, toBootMs: now.bootMs, offsetMs: nowOffsetMs });
  return segments;
}
