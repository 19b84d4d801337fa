// How long one look may take: users decide how much there is to read of them, and a look must end.

/** Whether the time of a look is up. What has not been read by then is no evidence. */
export type IsOver = () => boolean;

/** The real time that one look at a login may take. */
const LOOK_MS = 2_000;

/** Begins a look. Real time, by a clock that no step moves. */
export function beginLook(ms: number = LOOK_MS): IsOver {
  const endsAtMs = performance.now() + ms;
  return () => performance.now() >= endsAtMs;
}

/** A look without a limit, for what reads a bounded number of things anyway. */
export const UNLIMITED: IsOver = () => false;
