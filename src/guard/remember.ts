// What is kept from one look to the next, and whether the check itself waits for the next look. Pure.

import type { Login } from "../login/login.ts";
import type { BootMs } from "../system/clock.ts";
import type { PendingNotice, Verdict } from "./judge.ts";
import type { Memory } from "./memory.ts";
import type { Observation, Occasion } from "./observe.ts";

/** A time this short is waited for in the check itself: the watchdog sleeps in whole seconds. */
const SHORT_MS = 2_000;
/** An ending that failed is tried again after this. */
const RETRY_S = 10;
/** A check that stays although no notice stands looks again after this, like a watchdog: the login may be gone, or the policy be new. */
const STAY_MS = 20_000;
/** If no file shows the end of a fault (such as a group that cannot be resolved), it is looked at again after this. */
const FAULT_WAKE_MS = 60_000;

/** What the next look needs, after the verdict was carried out: `observation` has the locks as they are then. Notices that stand are put back on the boot clock. */
export function remember(
  {
    login,
    memory,
    map: { now, toIdleMs },
  }: Pick<Occasion, "memory" | "map"> & { readonly login: Pick<Login, "child"> },
  observation: Observation,
  verdict: Verdict,
): Memory {
  const { locks } = observation;
  const offsetMs = now.bootMs - toIdleMs(now.bootMs);
  const standing = Object.fromEntries(
    Object.entries(verdict.standing).map(([id, it]): [string, PendingNotice<BootMs>] => {
      const { sinceMs, promisedMs } = it;
      const before = memory.standing[id];
      const since = before && toIdleMs(before.sinceMs) === sinceMs ? before.sinceMs : sinceMs + offsetMs;
      return [id, { ...it, sinceMs: since, promisedMs: since + promisedMs - sinceMs }];
    }),
  );
  return {
    ...memory,
    child: login.child ?? memory.child,
    subjects: observation.subjects,
    use: observation.use,
    kind: observation.kind,
    faults: observation.faults,
    locked: locks ? Object.keys(locks) : memory.locked,
    notLocked: verdict.decisions.flatMap((it) =>
      it.kind === "lock" && it.cause === "idle" && !locks?.[it.id] ? [it.id] : [],
    ),
    standing,
  };
}

/** What a check does after a look: it waits for the next one, or it leaves and returns the seconds until the next check. */
export type Rest =
  | { readonly leaves: false; readonly waitMs: number }
  | { readonly leaves: true; readonly answerS: number };

/**
 * Whether this memory can tell that a newer time of a terminal is no key, where the policy does not trust these times. A first look
 * believes them, because it has no payload to compare with. So a user who fills /run, where memories are kept, would never be idle.
 */
export function refutesTimes({ subjects }: Pick<Memory, "subjects">): boolean {
  return Object.values(subjects).some(({ input }) => input?.payloadBytes !== undefined);
}

/**
 * Decides what the check does next. `alone`: no watchdog sleeps for the check, so it ends as soon as no notice stands. `isForgotten`: the
 * next check would not have the memory that it needs, so this one stays.
 */
export function restAfter(
  verdict: Verdict,
  complaint: string | undefined,
  { alone, isForgotten }: { readonly alone: boolean; readonly isForgotten: boolean },
): Rest {
  const rest = restOf(verdict, complaint, alone);
  return rest.leaves && isForgotten && !alone
    ? { leaves: false, waitMs: Math.min(rest.answerS * 1000, STAY_MS) }
    : rest;
}

function restOf(
  { decisions, wakeInMs, noticePending }: Verdict,
  complaint: string | undefined,
  alone: boolean,
): Rest {
  const waitMs = complaint ? Math.min(wakeInMs, FAULT_WAKE_MS) : wakeInMs;
  if (decisions.some(({ kind }) => kind === "end")) return { leaves: true, answerS: RETRY_S };
  const hungUp = decisions.some(({ kind }) => kind === "hang-up");
  const mayLeave = waitMs > SHORT_MS || (alone && !hungUp);
  // Rounded down, and the check waits for the rest: a notice that came late would put off the end.
  return !noticePending && mayLeave
    ? { leaves: true, answerS: Math.floor(waitMs / 1000) }
    : { leaves: false, waitMs };
}
