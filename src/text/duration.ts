/** Anything longer is a typing error; "off" means never. */
const LONGEST_DAYS = 3650;

const DAY_MS = 86_400_000;
const UNITS = [
  ["d", DAY_MS],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;
const DURATION = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;

/**
 * Parses a duration: whole days, hours, minutes and seconds in this order (`90s`, `15m`, `1h30m`, `2d`), at least 1 s, or `off`. Returns
 * milliseconds, `Infinity` for `off`. Throws a RangeError that says what was expected.
 */
export function parseDuration(text: string): number {
  if (text === "off") return Number.POSITIVE_INFINITY;
  const parts = DURATION.exec(text);
  if (!parts || text === "")
    throw new RangeError('expected a duration such as "90s", "15m", "1h30m", or "off"');
  const ms = UNITS.reduce((sum, [, unitMs], index) => sum + Number(parts[index + 1] ?? 0) * unitMs, 0);
  if (ms < 1_000) throw new RangeError('expected at least "1s", or "off"');
  if (ms > LONGEST_DAYS * DAY_MS) throw new RangeError(`expected at most "${LONGEST_DAYS}d", or "off"`);
  return ms;
}

/** Formats milliseconds, rounded to whole seconds, for `parseDuration`: `1h30m`, `off` for `Infinity`. Below half a second it is `0s`. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return "off";
  let restMs = Math.round(Math.max(0, ms) / 1_000) * 1_000;
  let text = "";
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * unitMs;
  }
  return text || "0s";
}
