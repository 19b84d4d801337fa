// How long one look may take: users decide how much there is to read of them, and a look must end.

/** Whether the time of a look is up. What has not been read by then is no evidence. */
export type IsOver = () => boolean;

/** The real time that one look at a login may take. */
const LOOK_MS = 2_000;
/**
 * Of that so much must have been spent by us, or the machine was busy with others, and what we had no time to see is no fault of the
 * login's user: then the look goes on, but not for longer than so many times the limit.
 */
const OWN_SHARE = 0.4;
const MOST_TIMES = 8;

/** Begins a look. Real time, by a clock that no step moves. */
export function beginLook(ms: number = LOOK_MS): IsOver {
  const beganMs = performance.now();
  const usedBeforeMs = usedMs();
  return () => {
    const tookMs = performance.now() - beganMs;
    if (tookMs < ms) return false;
    return tookMs >= MOST_TIMES * ms || usedMs() - usedBeforeMs >= OWN_SHARE * ms;
  };
}

/** The CPU time of this process so far. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A look without a limit, for what reads a bounded number of things anyway. */
export const UNLIMITED: IsOver = () => false;
