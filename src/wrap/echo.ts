// For how long a client can have sent made-up keystrokes so far: it answers what its terminal sends by itself with them as well as a key.
import { KEY_ECHO_MS } from "../activity/transfer.ts";

export interface Echo {
  /** Notes that something came from the terminal. Times on the boot clock. */
  heard(nowMs: number): void;
  /** For how long in all, which only grows. */
  lastedMs(nowMs: number): number;
}

/** Counts the time after whatever comes, times that overlap once. */
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
