// From what the kernel shows of a login to what `judge` wants to know: when each terminal, or the login, was last active.

import { describeWork, withNewcomers, workSince } from "./activity/busy.ts";
import { type InputState, inputAt } from "./activity/input.ts";
import { type Look, type LookOptions, type TerminalLook, takeLook } from "./activity/look.ts";
import { outputAt } from "./activity/output.ts";
import { type Stay, staysIn } from "./activity/stay.ts";
import { movedSince, transferSince } from "./activity/transfer.ts";
import type { ClockMap } from "./clock.ts";
import type { Evidence, Standing } from "./judge.ts";
import type { Login } from "./login/login.ts";
import { childrenOf, type ProcessStat } from "./login/process.ts";
import { innermost, type Terminal, terminalsOf } from "./login/terminal.ts";
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

/** What one look at many logins finds out once for all. */
export interface Known {
  /** Everything below the login's sshd, parents first. */
  readonly tree?: readonly ProcessStat[];
  readonly connectionsOf?: LookOptions["connectionsOf"];
}

/**
 * Looks once and works out each subject's last activity. Throws when a source that the policy names cannot be read.
 */
export async function observe(
  login: Login,
  memory: Memory,
  map: ClockMap,
  applied: Applied,
  { tree, connectionsOf }: Known = {},
): Promise<Observation> {
  const terminals = terminalsOf(login, tree);
  if (terminals.length === 0 && !Number.isFinite(applied.limits.noTerminalMs))
    return { terminals, subjects: {}, commandsRun: false };
  const sources: readonly Source[] = terminals.length > 0 ? applied.limits.activity : ["busy", "transfer"];
  const look = await takeLook(login, terminals, { sources, ...(connectionsOf && { connectionsOf }) });
  const commandsRun = Object.keys(look.detached).length > 0;
  const stays = Number.isFinite(applied.limits.maxStayMs) ? staysIn(sessionsOf(login, terminals)) : [];
  if (terminals.length === 0) {
    const subject = observeLogin(login, look, stays, memory, map.now.bootMs, applied.limits);
    return { terminals, subjects: { [LOGIN_SUBJECT]: subject }, commandsRun };
  }
  const inputs = new Map(look.terminals.map((seen) => [seen.id, inputOf(seen, look.bootMs, memory, map)]));
  const lastKeyMs = Math.max(...[...inputs.values()].map(({ atMs }) => atMs));
  const subjects: Record<string, SubjectMemory> = {};
  for (const seen of look.terminals) {
    const terminal = terminals.find(({ id }) => id === seen.id);
    const input = inputs.get(seen.id);
    if (!terminal || !input) continue;
    subjects[seen.id] = observeTerminal(
      terminal,
      seen,
      look,
      stays,
      input,
      lastKeyMs,
      memory,
      map,
      applied.limits,
    );
  }
  return { terminals, subjects, commandsRun };
}

/** `seenMs`: when the terminal had been looked at, which can be long after `map` was made. */
function inputOf(seen: TerminalLook, seenMs: number, memory: Memory, map: ClockMap): InputState {
  return inputAt(memory.subjects[seen.id]?.input, seen, seenMs, (wallS) => map.toBootMs(wallS * 1000));
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

  if (limits.activity.includes("busy") && seen.canonical) {
    const work = workSince(baseline.job, seen.job, baseline.bootMs, windowMs);
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
  const output = outputAt(
    before?.output,
    seen,
    look.bootMs,
    (wallS) => map.toBootMs(wallS * 1000),
    before?.ownWriteWallS,
  );
  if (limits.activity.includes("output"))
    found.push({ source: "output", atMs: output.atMs, detail: "output on the terminal" });

  return {
    lastActivity: latest(found, before?.lastActivity),
    baseline: nextBaseline(baseline, standing, {
      bootMs: nowMs,
      job: seen.job,
      connection: look.connection,
    }),
    input,
    output,
    ownWriteWallS: before?.ownWriteWallS,
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
  const work = workSince(before.baseline.job, look.detached, before.baseline.bootMs, windowMs);
  if (work) found.push({ source: "busy", atMs: nowMs, detail: describeWork(work) });
  if (before.baseline.connection && look.connection) {
    const moved = movedSince(before.baseline.connection, look.connection, windowMs);
    if (moved) found.push({ source: "transfer", atMs: nowMs, detail: moved });
  }
  return {
    lastActivity: latest(found, before.lastActivity),
    baseline: nextBaseline(before.baseline, standing, seen),
  };
}

/** The sessions of a login: its terminals' and those inside them, and those of commands without a terminal. */
function sessionsOf({ server }: Login, terminals: readonly Terminal[]): Set<number> {
  return new Set([...childrenOf(server.pid), ...terminals.flatMap(sessionsIn)]);
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

/** The next look measures from this one, unless a notice stands, whose whole window is judged, or hardly any time has passed. */
function nextBaseline(baseline: Baseline, standing: Standing | undefined, seen: Baseline): Baseline {
  const tooSoon = seen.bootMs - baseline.bootMs < SHORTEST_WINDOW_MS;
  if (!standing && !tooSoon) return seen;
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
