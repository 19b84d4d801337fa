// What the pure core rests on: the countdown, the clocks it is counted on, and what is kept from one look to the next.
import type { Guard } from "./guard.ts";

const judged = { project: "unit", test: "test/unit/judge.test.ts" } as const;
const clocks = { project: "unit", test: "test/unit/clock.test.ts" } as const;
const inputs = { project: "unit", test: "test/unit/activity-input.test.ts" } as const;
const remembered = { project: "unit", test: "test/unit/memory.test.ts" } as const;
const stories = {
  case: "with everything that can happen at once, nothing ends early, late or unwarned",
  project: "unit",
  test: "test/unit/judge-history.test.ts",
} as const;

export const guards: readonly Guard[] = [
  {
    file: "src/judge.ts",
    find: "subject.lastActivity.atMs > before.sinceMs;",
    replace: "false;",
    why: "what answers a notice takes it back, and the next one is whole",
    case: "a key after a notice answers it, and the next notice is a new one",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "const LATE_MS = 2_000;",
    replace: "const LATE_MS = 20_000;",
    why: "a check that is late gives the whole notice all the same",
    case: "by 2 s, or by half a short notice, ends the login on time; by more, after the whole notice",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "Math.min(LATE_MS, longestMs / 2)",
    replace: "LATE_MS",
    why: "a short notice is not eaten up by a check that is late",
    case: "by 2 s, or by half a short notice, ends the login on time; by more, after the whole notice",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "const WATCH_MS = 1_000;",
    replace: "const WATCH_MS = 9_000;",
    why: "a key is seen within a second while a notice stands",
    case: "looks each second while a notice stands, and at the very end",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "const isPromised = standing !== undefined && promisedMs >= dueMs;",
    replace: "const isPromised = false;",
    why: "a promise stands, whatever the policy says by now",
    case: "keeps its promise when the limit is lowered and notices become shorter or none",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "if (applied.exempt) return Number.POSITIVE_INFINITY;",
    replace: "",
    why: "who is exempt is never ended for being idle",
    case: "has its notice taken back when the policy is raised, turned off, or exempts the user",
    ...judged,
  },
  {
    file: "src/judge.ts",
    find: "if (applied.exempt || !Number.isFinite(limitMs)) return undefined;",
    replace: "if (!Number.isFinite(limitMs)) return undefined;",
    why: "who is exempt is never ended for the age of the login",
    case: "does not touch an exempt login",
    ...judged,
  },
  {
    file: "src/clock.ts",
    find: "segments.push({ fromBootMs, toBootMs: event.afterBootS * 1000, offsetMs });",
    replace: "",
    why: "a key from before a step of the clock keeps its place",
    case: "keeps its place, and so does one from after it",
    ...clocks,
  },
  {
    file: "src/clock.ts",
    find: "segments.push({ fromBootMs, toBootMs: now.bootMs, offsetMs });",
    replace: "",
    why: "a key from before a step that nobody noted yet keeps its place",
    case: "s that nobody has noted yet keeps its place",
    ...clocks,
  },
  {
    file: "src/clock.ts",
    find: "Math.max(...fitting.map(({ bootMs }) => bootMs))",
    replace: "Math.min(...fitting.map(({ bootMs }) => bootMs))",
    why: "a time that a step made ambiguous counts as the later one",
    case: "that two stretches of the clock showed is placed at the later one",
    ...clocks,
  },
  {
    file: "src/clock.ts",
    find: "return idleMs - Math.max(0, passedMs);",
    replace: "return idleMs;",
    why: "suspended time is no idle time",
    case: "does not count as idle time, before, in and after it",
    ...clocks,
  },
  {
    file: "src/activity/input.ts",
    find: "return wallS - modulo8(wallS) + 8;",
    replace: "return wallS;",
    why: "a key counts from the end of its bucket, never early",
    case: "a first look counts from the end of the bucket",
    ...inputs,
  },
  {
    file: "src/activity/input.ts",
    find: "atMs === undefined ? nowMs :",
    replace: "atMs === undefined ? 0 :",
    why: "a time that the clock never showed counts as now",
    case: "a time that the clock never showed counts as now",
    ...inputs,
  },
  {
    file: "src/situation.ts",
    find: "lastActivity: { ...lastActivity, atMs: map.toIdleMs(lastActivity.atMs) },",
    replace: "lastActivity,",
    why: "an activity stands on the clock that suspends do not move",
    ...stories,
  },
  {
    file: "src/remember.ts",
    find: "promisedMs: since + promisedMs - sinceMs",
    replace: "promisedMs",
    why: "a promise is kept on the clock that the next look reads",
    ...stories,
  },
  {
    file: "src/memory.ts",
    find: "if (Buffer.byteLength(text) <= MOST_BYTES) return text;",
    replace: "return text;",
    why: "no number of processes makes a memory that cannot be read, which would count as activity for ever",
    case: "more processes than a memory holds do not make it blank, which would count as activity",
    ...remembered,
  },
];
