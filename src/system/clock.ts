// Turns wall-clock times of the kernel (a terminal's atime) into times that steps of the clock and suspends cannot move.
//
// Boot clock: CLOCK_BOOTTIME, never stepped, runs on while the machine is suspended; /proc/uptime shows it to `sh` (proc_uptime(5)).
// Idle clock: the boot clock less the gaps in which the machine was suspended; what limits are counted on. How long those were in all
// is known exactly: CLOCK_MONOTONIC stands still in them, and in nothing else. A slow machine has no gaps.
import os from "node:os";
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, clockMs } from "./libc.ts";

/**
 * A time on the boot clock, in ms. A plain number is taken for one, so that sums need no cast; a time on the idle clock is not: the
 * compiler refuses it.
 */
export type BootMs = number & { readonly clock?: "boot" };
/** A time on the idle clock, in ms; see `BootMs`. */
export type IdleMs = number & { readonly clock?: "idle" };

/** What the watchdog, or a check that stayed, noted of the clocks. Times of a watchdog in whole seconds, as `sh` can reckon them. */
export type ClockEvent =
  | { readonly kind: "start"; readonly bootS: number; readonly wallS: number }
  | {
      readonly kind: "step";
      readonly beforeBootS: number;
      readonly beforeWallS: number;
      readonly afterBootS: number;
      readonly afterWallS: number;
    }
  | Gap;

/** A stretch in which the machine was suspended; to a watchdog, one in which it may have been. */
export interface Gap {
  readonly kind: "gap";
  readonly fromBootS: number;
  readonly toBootS: number;
}

/** The boot clock and the wall clock at one moment. */
export interface ClockReading {
  readonly bootMs: BootMs;
  readonly wallMs: number;
}

/** All clocks at one moment. */
export interface Clocks extends ClockReading {
  /** How long the machine has been suspended since it booted. */
  readonly suspendedMs: number;
}

/** A wall clock that moved by more than this against the boot clock was stepped; less is whole-second rounding or NTP slewing. */
export const STEP_TOLERANCE_MS = 2_000;
/** Clocks that are read one after the other differ by less than this, and a suspend lasts longer. */
export const SUSPEND_TOLERANCE_MS = 100;
/**
 * The kernel notes when a terminal was read or written in steps of this (tty_update_time, drivers/tty/tty_io.c): a key lies somewhere in
 * its step, and the end of the step can lie this far ahead of it.
 */
export const BUCKET_MS = 8_000;
/** Clocks are read within this of each other, or once more: a busy machine may turn to another process in between. */
const AT_ONCE_MS = 1;
const MOST_READINGS = 10;

/** Reads all clocks, as good as at once. */
export function readClocks(): Clocks {
  let best = readInTurn();
  for (let n = 1; n < MOST_READINGS && best.tookMs > AT_ONCE_MS; n++) {
    const next = readInTurn();
    if (next.tookMs < best.tookMs) best = next;
  }
  return best.clocks;
}

/**
 * The wall clock first: where this process has to wait between the two, times of the kernel come out later on the boot clock, not
 * earlier, and nobody is ended early.
 */
function readInTurn(): { clocks: Clocks; tookMs: number } {
  const beforeMs = clockMs(CLOCK_MONOTONIC);
  const wallMs = Date.now();
  const bootMs = clockMs(CLOCK_BOOTTIME);
  const afterMs = clockMs(CLOCK_MONOTONIC);
  const suspendedMs = Math.max(0, Math.round(bootMs - afterMs));
  return { clocks: { bootMs: Math.round(bootMs), wallMs, suspendedMs }, tookMs: afterMs - beforeMs };
}

/** How far the boot clock is ahead of /proc/uptime, by which `sh` goes, in whole seconds: 0, but in a container whose lxcfs shows its own. */
export function uptimeShiftS(): number {
  for (let n = 0; n < MOST_READINGS; n++) {
    const beforeMs = clockMs(CLOCK_BOOTTIME);
    const shiftS = Math.round(beforeMs / 1000 - os.uptime());
    // Where this process had to wait in between, that is what it would be.
    if (clockMs(CLOCK_BOOTTIME) - beforeMs < 500) return shiftS;
  }
  return 0;
}

/** What a watchdog tells of the clocks. */
export interface Told {
  readonly events: readonly ClockEvent[];
  /** How long the machine had been suspended when the watchdog began, where it could tell. */
  readonly begun?: Suspended | undefined;
}

/** Parses what a watchdog tells (`start U W;awake U.UU N;step U0 W0 U1 W1;gap U0 U1`); see `uptimeShiftS`. */
export function parseTold(text: string, shiftS = 0): Told {
  const begun = text.split(";").map((entry) => parseAwake(entry.trim(), shiftS));
  return { events: parseHistory(text, shiftS), begun: begun.find((it) => it !== undefined) };
}

/** Parses a history. What is not of its form is passed over. */
export function parseHistory(text: string, shiftS = 0): ClockEvent[] {
  return text.split(";").flatMap((entry) => parseEvent(entry.trim(), shiftS));
}

function parseEvent(entry: string, shiftS: number): ClockEvent[] {
  const [kind, ...words] = entry.split(/\s+/);
  if (words.some((word) => !/^\d{1,12}$/.test(word))) return [];
  const [a = -1, b = -1, c = -1, d = -1] = words.map(Number);
  const bootS = a + shiftS;
  if (kind === "start" && words.length === 2) return [{ kind, bootS, wallS: b }];
  if (kind === "step" && words.length === 4)
    return [{ kind, beforeBootS: bootS, beforeWallS: b, afterBootS: c + shiftS, afterWallS: d }];
  if (kind === "gap" && words.length === 2 && b > a) return [{ kind, fromBootS: bootS, toBootS: b + shiftS }];
  return [];
}

/** /proc/uptime in seconds, and CLOCK_MONOTONIC in nanoseconds, as /proc/timer_list shows it to root. */
function parseAwake(entry: string, shiftS: number): Told["begun"] {
  const words = /^awake (\d{1,12}\.\d\d) (\d{1,20})$/.exec(entry);
  if (!words) return undefined;
  const bootMs = (Number(words[1]) + shiftS) * 1000;
  return { bootMs, suspendedMs: bootMs - Number(words[2]) / 1e6 };
}

/** A history longer than this comes from clocks that are moved all the time. */
export const MOST_EVENTS = 64;

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

/** What of a history, or of what a watchdog tells again and again, ended after `bootMs`. */
export function eventsAfter(bootMs: number, events: readonly ClockEvent[]): ClockEvent[] {
  return events.filter((event) => endOf(event) * 1000 > bootMs);
}

/** When a history ends, on the boot clock. */
export function endOfHistoryMs(history: readonly ClockEvent[]): number {
  return 1000 * Math.max(...history.map(endOf));
}

/** A step of the wall clock between two readings. */
export function stepsBetween(before: ClockReading, after: ClockReading): ClockEvent[] {
  const movedMs = after.wallMs - before.wallMs - (after.bootMs - before.bootMs);
  if (Math.abs(movedMs) <= STEP_TOLERANCE_MS) return [];
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return [
    {
      kind: "step",
      beforeBootS: seconds(before.bootMs),
      beforeWallS: seconds(before.wallMs),
      afterBootS: seconds(after.bootMs),
      afterWallS: seconds(after.wallMs),
    },
  ];
}

/** How long the machine had been suspended at a moment. */
export type Suspended = Omit<Clocks, "wallMs">;

/**
 * The gaps between two moments. How much time they hold is known; where it lies is known where it is in one of the sleeps of a watchdog
 * that took too long (`slow`), be it for a suspend or for a busy machine. Whatever is in doubt lies as late as it can: nobody is ended
 * early. Where nothing is known of `before`, as at the first check of a login whose watchdog is not root's, all of the slow sleeps may
 * have been suspends, but no more than the machine has been suspended since it booted.
 */
export function gapsBetween(
  before: Suspended | undefined,
  after: Suspended,
  slow: readonly ClockEvent[] = [],
): Gap[] {
  const gaps: Gap[] = [];
  // A watchdog reads its two clocks less well than a check does, and in a time namespace they may not fit together.
  const isKnown = before !== undefined && after.suspendedMs >= before.suspendedMs - STEP_TOLERANCE_MS;
  const mostMs = isKnown
    ? Math.min(after.suspendedMs - before.suspendedMs, after.bootMs - before.bootMs)
    : after.suspendedMs;
  let leftMs = mostMs < SUSPEND_TOLERANCE_MS ? 0 : mostMs;
  for (const { fromBootS, toBootS } of slow.filter((event) => event.kind === "gap").toReversed()) {
    const lengthMs = Math.min(leftMs, (toBootS - fromBootS) * 1000);
    if (lengthMs > 0) gaps.unshift({ kind: "gap", fromBootS: toBootS - lengthMs / 1000, toBootS });
    leftMs -= lengthMs;
  }
  if (!isKnown || leftMs < SUSPEND_TOLERANCE_MS) return gaps;
  const toBootS = after.bootMs / 1000;
  let fromBootS = toBootS - leftMs / 1000;
  // What it would lie upon becomes a part of it.
  for (let last = gaps.at(-1); last && last.toBootS >= fromBootS; last = gaps.at(-1)) {
    fromBootS -= last.toBootS - last.fromBootS;
    gaps.pop();
  }
  return [...gaps, { kind: "gap", fromBootS, toBootS }];
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
  readonly toBootMs: (wallMs: number) => BootMs | undefined;
  /** Idle-clock time of a boot time. */
  readonly toIdleMs: (bootMs: BootMs) => IdleMs;
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
