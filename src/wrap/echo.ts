// The total time in which a client may have sent made-up keystrokes: it sends them not only after a key, but after everything that its
// terminal sends by itself.
import { KEY_ECHO_MS } from "../activity/transfer.ts";

export interface Echo {
  /** Notes that something came from the terminal. Times on the boot clock. */
  heard(nowMs: number): void;
  /** The total time in ms. It only grows. */
  lastedMs(nowMs: number): number;
}

/** Adds up the time after each input; overlapping times count once. */
export function echoOf(): Echo {
  let overMs = 0;
  let fromMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  const lastedMs = (nowMs: number) =>
    Number.isFinite(fromMs) ? overMs + Math.min(nowMs, untilMs) - fromMs : 0;
  return {
    heard: (nowMs) => {
      overMs = lastedMs(nowMs);
      fromMs = nowMs;
      untilMs = nowMs + KEY_ECHO_MS;
    },
    lastedMs,
  };
}
