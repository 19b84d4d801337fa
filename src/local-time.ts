/** A moment in this host's time zone, with its offset: `2026-12-31 17:00:00+01:00`. */
export function localTime(ms: number): string {
  const time = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(Temporal.Now.timeZoneId());
  return time.toString({ smallestUnit: "second", timeZoneName: "never" }).replace("T", " ");
}
