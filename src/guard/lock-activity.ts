// What counts as activity on a terminal that is locked, or was until now. Pure.
import type { Evidence } from "../activity/evidence.ts";
import type { LockRecord } from "../lock/record.ts";
import type { BootMs } from "../system/clock.ts";
import type { Memory, SubjectMemory } from "./memory.ts";

/** The locks of a login's terminals, by their ids. */
export type Locks = Readonly<Record<string, LockRecord>>;

/**
 * The subjects of a look, as far as they are locked: nothing that happens while a terminal is locked is activity of its user, whose
 * programs stand still, and whose keys are answers at the lock. To unlock it is activity: it must not lock again at once.
 */
export function withLocks(
  subjects: Readonly<Record<string, SubjectMemory>>,
  locks: Locks | undefined,
  memory: Pick<Memory, "subjects" | "locked">,
  nowMs: BootMs,
): Readonly<Record<string, SubjectMemory>> {
  const entries = Object.entries(subjects).map(([id, subject]): [string, SubjectMemory] => {
    const lock = locks?.[id];
    const before = memory.locked?.includes(id) ? memory.subjects[id]?.lastActivity : undefined;
    if (lock) return [id, lastActive(subject, before ?? notAfter(subject.lastActivity, lock.sinceMs))];
    if (!memory.locked?.includes(id)) return [id, subject];
    return [id, lastActive(subject, { source: "unlock", atMs: nowMs, detail: "it was unlocked" })];
  });
  return Object.fromEntries(entries);
}

function lastActive(subject: SubjectMemory, lastActivity: Evidence): SubjectMemory {
  return { ...subject, lastActivity, besideUse: lastActivity };
}

/** What was found after the lock began does not count, and what came before can be known to 8 s only. */
function notAfter(evidence: Evidence, sinceMs: BootMs): Evidence {
  return evidence.atMs > sinceMs ? { ...evidence, atMs: sinceMs } : evidence;
}
