// Turns wall-clock times of the kernel (a terminal's atime) into times that no step of the clock and no suspend can change.
//
// Boot clock: CLOCK_BOOTTIME. It is never stepped and goes on while the machine is suspended. `sh` reads it in /proc/uptime
// (proc_uptime(5)).
// Idle clock: the boot clock without the gaps in which the machine was suspended. Limits are counted on it. The total length of the gaps is
// known exactly: CLOCK_MONOTONIC stands still in them, and only in them. A slow machine has no gaps.
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, clockMs } from "./libc.ts";

/**
 * A time on the boot clock, in ms. A plain number is accepted as one, so sums need no cast. The compiler refuses a time on the idle clock.
 */
export type BootMs = number & { readonly clock?: "boot" };
/** A time on the idle clock, in ms; see `BootMs`. */
export type IdleMs = number & { readonly clock?: "idle" };

/** What the watchdog, or a check that stayed, noted of the clocks. A watchdog's times are whole seconds, as `sh` calculates with these. */
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

/** A time in which the machine was suspended; if a watchdog noted it, a time in which it may have been. */
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

/** A wall clock that moved by more than this against the boot clock was stepped. Less is rounding to whole seconds, or NTP slewing. */
export const STEP_TOLERANCE_MS = 2_000;
/** Clocks that are read one after the other differ by less than this. A suspend lasts longer. */
export const SUSPEND_TOLERANCE_MS = 100;
/**
 * The kernel notes reads and writes of a terminal in steps of this (tty_update_time, drivers/tty/tty_io.c). A key lies somewhere in its
 * step, and the end of the step can be this much later than the key.
 */
export const BUCKET_MS = 8_000;
/** Clocks are read within this time, or again: a busy machine may run another process in between. */
const AT_ONCE_MS = 1;
const MOST_READINGS = 10;

/** Reads all clocks, almost at the same moment. */
export function readClocks(): Clocks {
  let best = readInTurn();
  for (let n = 1; n < MOST_READINGS && best.tookMs > AT_ONCE_MS; n++) {
    const next = readInTurn();
    if (next.tookMs < best.tookMs) best = next;
  }
  return best.clocks;
}

/**
 * Reads the wall clock first. If this process has to wait between the two readings, the kernel's times come out later on the boot clock,
 * not earlier, and nobody is ended early.
 */
function readInTurn(): { clocks: Clocks; tookMs: number } {
  const beforeMs = clockMs(CLOCK_MONOTONIC);
  const wallMs = Date.now();
  const bootMs = clockMs(CLOCK_BOOTTIME);
  const afterMs = clockMs(CLOCK_MONOTONIC);
  const suspendedMs = Math.max(0, Math.round(bootMs - afterMs));
  return { clocks: { bootMs: Math.round(bootMs), wallMs, suspendedMs }, tookMs: afterMs - beforeMs };
}

/**
 * How far the boot clock is ahead of /proc/uptime, which `sh` reads, in whole seconds. It is 0 except in a container whose lxcfs shows its
 * own uptime.
 */
export function uptimeShiftS(): number {
  for (let n = 0; n < MOST_READINGS; n++) {
    const beforeMs = clockMs(CLOCK_BOOTTIME);
    const shiftS = Math.round(beforeMs / 1000 - process.getBuiltinModule("node:os").uptime());
    // After a wait in between, the difference would be that wait.
    if (clockMs(CLOCK_BOOTTIME) - beforeMs < 500) return shiftS;
  }
  return 0;
}

/** What a watchdog tells of the clocks. */
export interface Told {
  readonly events: readonly ClockEvent[];
  /** How long the machine had been suspended when the watchdog began, if it could tell. */
  readonly begun?: Suspended | undefined;
}

/** Parses what a watchdog tells (`start U W;awake U.UU N;step U0 W0 U1 W1;gap U0 U1`). For `shiftS` see `uptimeShiftS`. */
export function parseTold(text: string, shiftS = 0): Told {
  const begun = text.split(";").map((entry) => parseAwake(entry.trim(), shiftS));
  return { events: parseHistory(text, shiftS), begun: begun.find((it) => it !== undefined) };
}

/** Parses a history. Entries of another form are skipped. */
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

/** Parses /proc/uptime in seconds and CLOCK_MONOTONIC in nanoseconds, which /proc/timer_list shows to root. */
function parseAwake(entry: string, shiftS: number): Told["begun"] {
  const words = /^awake (\d{1,12}\.\d\d) (\d{1,20})$/.exec(entry);
  if (!words) return undefined;
  const bootMs = (Number(words[1]) + shiftS) * 1000;
  return { bootMs, suspendedMs: bootMs - Number(words[2]) / 1e6 };
}

/** A longer history comes from clocks that are moved all the time. */
export const MOST_EVENTS = 64;

/**
 * Adds events to a history, which keeps at most `MOST_EVENTS`. Gaps must not be forgotten, since they would count as idle time. So two gaps
 * become one that ends where the later one did. Whatever came between the two then counts as later than it was.
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

/** The events that ended after `bootMs`, from a history or from what a watchdog tells again and again. */
export function eventsAfter(bootMs: number, events: readonly ClockEvent[]): ClockEvent[] {
  return events.filter((event) => endOf(event) * 1000 > bootMs);
}

/** When a history ends, on the boot clock, in ms; `-Infinity` if it is empty. */
export function endOfHistoryMs(history: readonly ClockEvent[]): number {
  return 1000 * Math.max(...history.map(endOf));
}

/** The step of the wall clock between two readings; empty if there was none. */
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
 * The gaps between two moments. Their total length is known. Their place is known only if it is in a sleep of a watchdog that took too long
 * (`slow`), because of a suspend or a busy machine. If in doubt, a gap is put as late as possible: nobody is ended early. If `before` is
 * not known (the first check of a login whose watchdog is not root's) all slow sleeps may have been suspends, but not for longer than the
 * machine has been suspended since it booted.
 */
export function gapsBetween(
  before: Suspended | undefined,
  after: Suspended,
  slow: readonly ClockEvent[] = [],
): Gap[] {
  const gaps: Gap[] = [];
  // A watchdog reads its two clocks less exactly than a check does, and in a time namespace they may not fit together.
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
  // A gap that would overlap this one becomes part of it.
  for (let last = gaps.at(-1); last && last.toBootS >= fromBootS; last = gaps.at(-1)) {
    fromBootS -= last.toBootS - last.fromBootS;
    gaps.pop();
  }
  return [...gaps, { kind: "gap", fromBootS, toBootS }];
}

/** A part of the boot clock in which the wall clock had one constant distance from it. */
interface Segment {
  readonly fromBootMs: number;
  readonly toBootMs: number;
  readonly offsetMs: number;
}

/** The mappings from a history at one moment. */
export interface ClockMap {
  readonly now: ClockReading;
  /**
   * Boot time of a wall time; `undefined` if the clock never showed it. If a step made it ambiguous it is the latest: nobody is ended
   * early.
   */
  readonly toBootMs: (wallMs: number) => BootMs | undefined;
  /** Idle-clock time of a boot time. */
  readonly toIdleMs: (bootMs: BootMs) => IdleMs;
}

/** Builds the map of a history at `now`. */
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

/** The segments between the steps. The last one takes its distance from `now`, which is exact, while the notes are whole seconds. */
function segmentsOf(history: readonly ClockEvent[], now: ClockReading): Segment[] {
  const segments: Segment[] = [];
  let fromBootMs = Number.NEGATIVE_INFINITY;
  let offsetMs: number | undefined;
  for (const event of history) {
    if (event.kind === "start") {
      const startOffsetMs = (event.wallS - event.bootS) * 1000;
      // This watchdog took over from another. Nobody noted what happened in between, at any time since the last note.
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
    // A step that nobody noted yet: it can have happened at any time since the last note.
    segments.push({ fromBootMs, toBootMs: now.bootMs, offsetMs });
  }
  segments.push({ fromBootMs, toBootMs: now.bootMs, offsetMs: nowOffsetMs });
  return segments;
}
