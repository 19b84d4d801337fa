// How long one look may take. Users decide how much there is to read, but a look must end.

/** Whether the time of a look is up. What has not been read by then is no evidence. */
export type IsOver = () => boolean;

/** The real time that one look at a login may take. */
const LOOK_MS = 2_000;
/**
 * The share of that time that we must have spent on a CPU. If it was less, the machine was busy with others, and the login's user is not to
 * blame for what we could not read. Then the look goes on, at most so many times the limit.
 */
const OWN_SHARE = 0.4;
const MOST_TIMES = 8;

/** Begins a look of `ms` milliseconds of real time, by a clock that no step moves. */
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

/** No limit of time, for reading a bounded number of things. */
export const UNLIMITED: IsOver = () => false;
