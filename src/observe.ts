// From what the kernel shows of a login to what `judge` wants to know: when each terminal, or the login, was last active.

import { describeWork, withNewcomers, workSince } from "./activity/busy.ts";
import { type InputState, inputAt } from "./activity/input.ts";
import { keepOf } from "./activity/keep.ts";
import { type Look, type LookOptions, type TerminalLook, takeLook } from "./activity/look.ts";
import { outputAt } from "./activity/output.ts";
import { type Stay, staysIn } from "./activity/stay.ts";
import { movedSince, transferSince } from "./activity/transfer.ts";
import type { ClockMap } from "./clock.ts";
import type { Evidence, Standing } from "./judge.ts";
import type { Login } from "./login/login.ts";
import { type ProcessStat, startedBootMs } from "./login/process.ts";
import { innermost, type Terminal, terminalsOf, treeOfLogin } from "./login/terminal.ts";
import type { Baseline, Memory, SubjectMemory } from "./memory.ts";
import type { Applied, Limits, Source } from "./policy/policy.ts";

/** The subject that a login without a terminal is. */
export const LOGIN_SUBJECT = "login";

export interface Observation {
  readonly terminals: readonly Terminal[];
  /** What to remember of each subject; a terminal that is gone is not in it. Times on the boot clock. */
  readonly subjects: Readonly<Record<string, SubjectMemory>>;
  /** Commands or subsystems run in the login outside its terminals. */
  readonly commandsRun: boolean;
}

/** Newer ssh clients send made-up keystrokes for some seconds after each real one; the connection is judged only after that. */
const KEY_ECHO_MS = 5_000;
/** Over less than this a rate is noise. */
const SHORTEST_WINDOW_MS = 5_000;
/** A key lies somewhere in the kernel's 8-second bucket; a job it started can be that much older than the bucket's end. */
const BUCKET_MS = 8_000;

/** What one look at many logins finds out once for all, and what it can do without. */
export interface Known extends Omit<LookOptions, "sources" | "payload"> {
  /** What `allProcesses` found. */
  readonly processes?: Map<number, ProcessStat>;
}

/**
 * Looks once and works out each subject's last activity. Throws when a source that the policy names cannot be read.
 */
export async function observe(
  login: Login,
  memory: Memory,
  map: ClockMap,
  applied: Applied,
  { tree = treeOfLogin(login), processes, ...known }: Known = {},
): Promise<Observation> {
  const { own } = known;
  const terminals = terminalsOf(login, tree).filter(({ leader }) => !own || leader.pid === own.leaderPid);
  if (terminals.length === 0 && !Number.isFinite(applied.limits.noTerminalMs))
    return { terminals, subjects: {}, commandsRun: false };
  const sources: readonly Source[] = terminals.length > 0 ? applied.limits.activity : ["busy", "transfer"];
  const look = await takeLook(login, terminals, {
    ...known,
    sources,
    tree,
    payload: !applied.limits.trustTtyTimes,
  });
  const stays = Number.isFinite(applied.limits.maxStayMs)
    ? staysIn(sessionsOf(login, terminals, tree), processes)
    : [];
  const keep = keepOf(login, map.now);
  return interpret({ login, terminals, look, stays, keep, memory, map, limits: applied.limits });
}

/** All that one look showed of a login, and what is known from before. */
export interface Seen {
  readonly login: Login;
  readonly terminals: readonly Terminal[];
  readonly look: Look;
  readonly stays: readonly Stay[];
  /** That an administrator keeps the login. */
  readonly keep?: Evidence | undefined;
  readonly memory: Memory;
  readonly map: ClockMap;
  readonly limits: Limits;
}

/** What one look comes to. Pure. A terminal that went away before the look is left out. */
export function interpret({ login, terminals, look, stays, keep, memory, map, limits }: Seen): Observation {
  const commandsRun = Object.keys(look.detached).length > 0;
  if (terminals.length === 0) {
    const subject = observeLogin(login, look, stays, memory, map.now.bootMs, limits);
    return { terminals, subjects: kept({ [LOGIN_SUBJECT]: subject }, keep), commandsRun };
  }
  const inputs = new Map(
    look.terminals.flatMap((seen) => {
      const terminal = terminals.find(({ id }) => id === seen.id);
      return terminal ? [[seen.id, inputOf(terminal, seen, look, memory, map, limits)] as const] : [];
    }),
  );
  const lastKeyMs = Math.max(...[...inputs.values()].map(({ atMs }) => atMs));
  const subjects: Record<string, SubjectMemory> = {};
  for (const seen of look.terminals) {
    const terminal = terminals.find(({ id }) => id === seen.id);
    const input = inputs.get(seen.id);
    if (!terminal || !input) continue;
    subjects[seen.id] = observeTerminal(terminal, seen, look, stays, input, lastKeyMs, memory, map, limits);
  }
  return { terminals, subjects: kept(subjects, keep), commandsRun };
}

/** The subjects of a login that an administrator keeps: all of them count as active. */
function kept(subjects: Observation["subjects"], keep: Evidence | undefined): Observation["subjects"] {
  if (!keep) return subjects;
  return Object.fromEntries(
    Object.entries(subjects).map(([id, subject]): [string, SubjectMemory] => [
      id,
      { ...subject, lastActivity: latest([keep], subject.lastActivity) },
    ]),
  );
}

/**
 * The time is the look's own, which can be long after `map` was made. A terminal is in use when it opens: what
 * seems to lie before that comes from a clock that was stepped where no watchdog saw it.
 */
function inputOf(
  { leader }: Terminal,
  seen: TerminalLook,
  { bootMs, payload }: Look,
  memory: Memory,
  map: ClockMap,
  { mouseMotion }: Limits,
): InputState {
  const before = memory.subjects[seen.id]?.input;
  const input = inputAt(before, seen, bootMs, (wallS) => map.toBootMs(wallS * 1000), payload);
  if (!seen.exact) return { ...input, atMs: Math.max(input.atMs, startedBootMs(leader)) };
  const { lastKeyMs, lastMotionMs } = seen.exact;
  return { ...input, atMs: mouseMotion ? Math.max(lastKeyMs, lastMotionMs) : lastKeyMs };
}

/** One terminal: its keys, its foreground job, its output, and the connection it came over. */
function observeTerminal(
  terminal: Terminal,
  seen: TerminalLook,
  look: Look,
  stays: readonly Stay[],
  input: InputState,
  lastKeyMs: number,
  memory: Memory,
  map: ClockMap,
  limits: Limits,
): SubjectMemory {
  const nowMs = map.now.bootMs;
  const before = memory.subjects[seen.id];
  const standing = memory.standing[seen.id];
  const baseline = before?.baseline ?? firstBaseline(terminal, seen, input);
  const windowMs = windowOf(baseline, standing, nowMs);
  const sessions = new Set(sessionsIn(terminal));
  const asked = stays.filter(({ session }) => sessions.has(session));
  const found: Evidence[] = [
    { source: "input", atMs: input.atMs, detail: "a key" },
    ...asked.map((stay) => evidenceOf(stay, input.atMs, nowMs, limits)),
  ];

  if (limits.activity.includes("busy")) {
    const work = workSince(baseline.job, seen.job, { sinceBootMs: baseline.bootMs, windowMs });
    if (work)
      found.push({
        source: "busy",
        atMs: Math.min(nowMs, input.atMs + limits.busyMaxMs),
        detail: describeWork(work),
      });
  }
  const keysRest = baseline.bootMs >= lastKeyMs + KEY_ECHO_MS;
  if (limits.activity.includes("transfer") && keysRest && baseline.connection && look.connection) {
    const moved = transferSince(baseline.connection, look.connection, windowMs);
    if (moved) found.push({ source: "transfer", atMs: nowMs, detail: moved });
  }
  const output = outputAt(before?.output, seen, look.bootMs, (wallS) => map.toBootMs(wallS * 1000));
  if (limits.activity.includes("output"))
    found.push({
      source: "output",
      atMs: seen.exact?.lastOutputMs ?? output.atMs,
      detail: "output on the terminal",
    });

  return {
    lastActivity: latest(found, before?.lastActivity),
    baseline: nextBaseline(baseline, standing, found, {
      bootMs: nowMs,
      job: seen.job,
      connection: look.connection,
    }),
    input,
    output,
  };
}

/** A login without a terminal: only what it does and moves can tell that it is in use. */
function observeLogin(
  login: Login,
  look: Look,
  stays: readonly Stay[],
  memory: Memory,
  nowMs: number,
  limits: Limits,
): SubjectMemory {
  const before = memory.subjects[LOGIN_SUBJECT];
  const standing = memory.standing[LOGIN_SUBJECT];
  const began: Evidence = { source: "login", atMs: login.startedBootMs, detail: "the login began" };
  const seen: Baseline = { bootMs: nowMs, job: look.detached, connection: look.connection };
  // Without an earlier look nothing is known: the login counts as active now, and the next look tells.
  if (!before) return { lastActivity: { ...began, atMs: nowMs }, baseline: seen };

  const windowMs = windowOf(before.baseline, standing, nowMs);
  const found = stays.map((stay) => evidenceOf(stay, login.startedBootMs, nowMs, limits));
  const { job, bootMs } = before.baseline;
  const work = workSince(job, look.detached, { sinceBootMs: bootMs, windowMs });
  if (work) found.push({ source: "busy", atMs: nowMs, detail: describeWork(work) });
  if (before.baseline.connection && look.connection) {
    const moved = movedSince(before.baseline.connection, look.connection, windowMs);
    if (moved) found.push({ source: "transfer", atMs: nowMs, detail: moved });
  }
  return {
    lastActivity: latest(found, before.lastActivity),
    baseline: nextBaseline(before.baseline, standing, found, seen),
  };
}

/** The sessions of a login: its terminals' and those inside them, and those of commands without a terminal. */
function sessionsOf(
  { server }: Login,
  terminals: readonly Terminal[],
  tree: readonly ProcessStat[],
): Set<number> {
  const children = tree.filter(({ parent }) => parent === server.pid).map(({ pid }) => pid);
  return new Set([...children, ...terminals.flatMap(sessionsIn)]);
}

function sessionsIn({ leader, inner }: Terminal): number[] {
  return [leader.pid, ...(inner ? sessionsIn(inner) : [])];
}

/** A stay lasts as long as it was asked for, and at most `max_stay` after the last key; without keys, after the login began. */
function evidenceOf({ untilMs, command }: Stay, lastKeyMs: number, nowMs: number, limits: Limits): Evidence {
  return {
    source: "stay",
    atMs: Math.min(nowMs, untilMs, lastKeyMs + limits.maxStayMs),
    detail: command === undefined ? "its user asked for it" : `${command} under afkill run`,
  };
}

/** The time that rates are judged over: the whole of a standing notice, else since the baseline. */
function windowOf(baseline: Baseline, standing: Standing | undefined, nowMs: number): number {
  const windowMs = standing ? standing.promisedMs - standing.sinceMs : nowMs - baseline.bootMs;
  return Math.max(windowMs, SHORTEST_WINDOW_MS);
}

/**
 * The next look measures from this one, unless a notice stands, whose whole window is judged, or hardly any time has passed. Work that
 * has been found is not found again.
 */
function nextBaseline(
  baseline: Baseline,
  standing: Standing | undefined,
  found: readonly Evidence[],
  seen: Baseline,
): Baseline {
  const worked = found.some(({ source }) => source === "busy" || source === "transfer");
  const tooSoon = seen.bootMs - baseline.bootMs < SHORTEST_WINDOW_MS;
  if (worked || (!standing && !tooSoon)) return seen;
  return { ...baseline, job: withNewcomers(baseline.job, seen.job, baseline.bootMs) };
}

/**
 * The first look at a terminal has none to compare with. A job that began after the last key counts whole; the session leader,
 * whose start-up files used CPU before anybody could be idle, counts from now on.
 */
function firstBaseline(terminal: Terminal, seen: TerminalLook, input: InputState): Baseline {
  const { leader } = innermost(terminal);
  const key = `${leader.pid}-${leader.startTicks}`;
  const counters = seen.job[key];
  return { bootMs: input.atMs - BUCKET_MS, job: counters ? { [key]: counters } : {} };
}

function latest(found: readonly Evidence[], before: Evidence | undefined): Evidence {
  const all = before ? [before, ...found] : [...found];
  return all.reduce((a, b) => (b.atMs > a.atMs ? b : a));
}
