// Times as people write them, for options such as --since.
import { InvalidArgumentError } from "commander";
import { parseDuration } from "../text/duration.ts";

const EXPECTED =
  "Expected a time such as 2026-12-31, '2026-12-31 17:00' or 2026-12-31T17:00:00Z, or how long ago: 2h, 7d.";

/**
 * Reads a time: ISO 8601 (without an offset in this host's time zone; a day means its midnight), or a duration before now. Returns ms of
 * the wall clock. Throws commander's error for anything else.
 */
export function parseMoment(text: string): number {
  const moment = ago(text.trim()) ?? calendar(text.trim());
  if (moment === undefined) throw new InvalidArgumentError(EXPECTED);
  return moment;
}

function ago(text: string): number | undefined {
  try {
    const durationMs = parseDuration(text);
    return Number.isFinite(durationMs) ? Date.now() - durationMs : undefined;
  } catch {
    return undefined;
  }
}

function calendar(text: string): number | undefined {
  try {
    // Temporal knows how many days each month has; Date.parse does not.
    if (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text)) return Temporal.Instant.from(text).epochMilliseconds;
    return Temporal.PlainDateTime.from(text).toZonedDateTime(Temporal.Now.timeZoneId()).epochMilliseconds;
  } catch {
    return undefined;
  }
}
