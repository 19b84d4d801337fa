// Waits in a terminal that is about to be locked, until it was locked and unlocked again.
import { setTimeout as sleep } from "node:timers/promises";

/** `unlocked`: it was locked. `unseen`: the watchdog did not look. `refused`: the watchdog looked, but it did not lock. */
export type LockWait = "unlocked" | "unseen" | "refused";

const LOOK_EVERY_MS = 250;
/** How many looks the watchdog may take: three slices of its sleep. Counted in looks, because no look is taken while we are stopped. */
const MOST_LOOKS_UNSEEN = 60_000 / LOOK_EVERY_MS;
/** A locker on a busy host takes some seconds. One that takes longer still locks. */
const MOST_LOOKS_SEEN = 30_000 / LOOK_EVERY_MS;

/**
 * Waits until the lock that was asked for is over. It stops every program of the terminal, this one too, so its end is our SIGCONT. In a wrap
 * it does not: there `isLocked` tells. `isPending`: whether nobody has seen the ask yet.
 */
export async function untilUnlocked(
  isPending: () => boolean,
  isLocked: () => boolean,
  lookEveryMs = LOOK_EVERY_MS,
): Promise<LockWait> {
  let wasStopped = false;
  const onContinue = () => {
    // Before the ask was seen, somebody else has stopped us.
    wasStopped ||= !isPending();
  };
  process.on("SIGCONT", onContinue);
  try {
    for (let seen = 0, unseen = 0, wasLocked = false; ; ) {
      await sleep(lookEveryMs);
      if (wasStopped || (wasLocked && !isLocked())) return "unlocked";
      wasLocked ||= isLocked();
      if (wasLocked) continue;
      if (isPending()) unseen++;
      else seen++;
      if (unseen > MOST_LOOKS_UNSEEN) return "unseen";
      if (seen > MOST_LOOKS_SEEN) return "refused";
    }
  } finally {
    process.off("SIGCONT", onContinue);
  }
}
