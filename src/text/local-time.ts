/** A moment in this host's time zone, with its offset: `2026-12-31 17:00:00+01:00`. */
export function localTime(ms: number): string {
  const time = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(Temporal.Now.timeZoneId());
  return time.toString({ smallestUnit: "second", timeZoneName: "never" }).replace("T", " ");
}

/** A moment for people, in this host's time zone: `17:00`, with the date before it unless it is on the day of `nowMs`. */
export function shortTime(ms: number, nowMs: number): string {
  const [date = "", time = ""] = localTime(ms).split(" ");
  const minute = time.slice(0, 5);
  return localTime(nowMs).startsWith(`${date} `) ? minute : `${date} ${minute}`;
}
