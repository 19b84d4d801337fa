// Pure: which notices belong together, and which of them were answered.
import type { Action, AuditRecord } from "../../audit/record.ts";

/** One countdown to the end or the lock of an idle login or terminal: the first notice and those that followed it. */
export interface Countdown {
  readonly user: string;
  /** How long it had been idle when the user came back, in seconds; `null` if the records show no return. */
  readonly answeredAfterSeconds: number | null;
}

/** After one of these no notice can be answered. */
const CLOSING: readonly Action[] = ["end", "hang-up", "lock"];

interface Open {
  readonly countdown: number;
  readonly idleSeconds: number;
  readonly atMs: number;
}

/**
 * Groups the notices of idle logins into countdowns, in the order of their first notices. Notices that reached nobody do not count, nor
 * do those of `max_login`, which no key answers. The records must be in their order.
 */
export function countdownsOf(records: readonly AuditRecord[]): readonly Countdown[] {
  const countdowns: Countdown[] = [];
  const open = new Map<string, Open>();
  for (const record of records) {
    const key = JSON.stringify([record.user, record.sshdPid, record.terminals]);
    const before = open.get(key);
    const idleSeconds = record.idleSeconds ?? 0;
    const atMs = Date.parse(record.time);
    if (startsOrGoesOn(record)) {
      // If it is idle for less time than before, it is another login, or the user came back and no record shows it.
      const goesOn = before !== undefined && idleSeconds >= before.idleSeconds;
      const countdown = goesOn
        ? before.countdown
        : countdowns.push({ user: record.user, answeredAfterSeconds: null }) - 1;
      open.set(key, { countdown, idleSeconds, atMs });
    } else if (record.action === "stay" && before) {
      open.delete(key);
      const awaySeconds = before.idleSeconds + (atMs - before.atMs) / 1000 - idleSeconds;
      if (isAnswer(record))
        countdowns[before.countdown] = {
          user: record.user,
          answeredAfterSeconds: Math.round(Math.max(before.idleSeconds, awaySeconds)),
        };
    } else if (CLOSING.includes(record.action)) open.delete(key);
  }
  return countdowns;
}

function startsOrGoesOn({ action, cause, outcome }: AuditRecord): boolean {
  return action === "notice" && outcome === "given" && (cause === "idle" || cause === null);
}

function isAnswer({ cause }: AuditRecord): boolean {
  return cause !== "policy" && cause !== "administrator";
}
