// What `afkill top` shows of one login. Pure.
import { ageLimitMs, WHOLE_LOGIN } from "../../guard/judge.ts";
import { lockMaxMs } from "../../guard/locked.ts";
import { sshdOf } from "../../login/login.ts";
import type { Applied } from "../../policy/policy.ts";
import { type LoginRow, rowOf, type SubjectRow } from "../../survey/rows.ts";
import { leftMsOf, type Surveyed } from "../../survey/survey.ts";

/** One terminal of a login, or a login without one, with the time that it has left. The age of its login counts too. */
export interface Line {
  readonly subject: SubjectRow;
  /** `null` if nothing ends it. */
  readonly leftSeconds: number | null;
  /** How much of its limit is left, from 0 to 1. */
  readonly share: number | null;
}

export interface Entry {
  /** A name of this login that stays unique, even if another login gets its pid. */
  readonly key: string;
  readonly row: LoginRow;
  /** In percent of one CPU, since the survey before; `null` in the first survey of this login. */
  readonly cpuPercent: number | null;
  readonly lines: readonly Line[];
}

/** The key of an entry. */
export function keyOf({ login }: Pick<Surveyed, "login">): string {
  const { pid, startTicks } = sshdOf(login);
  return `${pid}:${startTicks}`;
}

/** The entries of a survey; `before` is the previous survey. */
export function entriesOf(now: readonly Surveyed[], before: readonly Surveyed[]): Entry[] {
  const earlier = new Map(before.map((it) => [keyOf(it), it]));
  return now.map((it) => {
    const row = rowOf(it);
    const key = keyOf(it);
    return { key, row, cpuPercent: cpuPercentOf(it, earlier.get(key)), lines: linesOf(it, row) };
  });
}

function linesOf(surveyed: Surveyed, row: LoginRow): Line[] {
  const wholeMs = leftMsOf(surveyed, WHOLE_LOGIN);
  const wholeSeconds = wholeMs === undefined ? Number.POSITIVE_INFINITY : Math.floor(wholeMs / 1000);
  const { applied } = surveyed;
  return row.subjects.map((subject) => {
    const idleLeft = subject.leftSeconds ?? Number.POSITIVE_INFINITY;
    const [left, limit] =
      wholeSeconds < idleLeft
        ? [wholeSeconds, ageLimitMs(applied) / 1000]
        : [idleLeft, limitOf(subject, applied)];
    if (!Number.isFinite(left)) return { subject, leftSeconds: null, share: null };
    const share = Number.isFinite(limit) && limit > 0 ? Math.min(1, Math.max(0, left / limit)) : null;
    return { subject, leftSeconds: left, share };
  });
}

/** What the time left is a part of, in seconds; `Infinity` for no limit. */
function limitOf({ lockedSeconds, limitSeconds }: SubjectRow, applied: Applied): number {
  return lockedSeconds === null ? (limitSeconds ?? Number.POSITIVE_INFINITY) : lockMaxMs(applied) / 1000;
}

function cpuPercentOf(now: Surveyed, before: Surveyed | undefined): number | null {
  const elapsedMs = before ? now.map.now.bootMs - before.map.now.bootMs : 0;
  if (!before || elapsedMs <= 0) return null;
  // A child that ended without a wait takes its CPU time with it, so the sum can fall.
  return (Math.max(0, cpuMsOf(now) - cpuMsOf(before)) / elapsedMs) * 100;
}

function cpuMsOf({ processes }: Surveyed): number {
  return processes.reduce((sum, it) => sum + it.cpuMs + it.childrenCpuMs, 0);
}

/** The same entry some seconds later, if nothing has happened meanwhile. It is shown between two surveys. */
export function later(entry: Entry, seconds: number): Entry {
  const longer = (since: number | null) => (since === null ? null : since + seconds);
  const subjects = entry.row.subjects.map((it) => ({
    ...it,
    idleSeconds: longer(it.idleSeconds),
    lockedSeconds: longer(it.lockedSeconds),
  }));
  const lines = entry.lines.map((line, at) => {
    const leftSeconds = line.leftSeconds === null ? null : Math.max(0, line.leftSeconds - seconds);
    return { ...line, subject: subjects[at] ?? line.subject, leftSeconds };
  });
  return { ...entry, row: { ...entry.row, subjects }, lines };
}
