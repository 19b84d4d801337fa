// From what the kernel shows of a login to what `judge` wants to know: when each terminal, or the login, was last active.

import { busyAtMs, describeWork, withNewcomers, workSince } from "../activity/busy.ts";
import type { Evidence } from "../activity/evidence.ts";
import { bucketAtMs, type InputState, inputAt } from "../activity/input.ts";
import { keepOf } from "../activity/keep.ts";
import { type Look, type LookOptions, type TerminalLook, takeLook } from "../activity/look.ts";
import { type OutputState, outputAt } from "../activity/output.ts";
import { type Stay, staysIn } from "../activity/stay.ts";
import { KEY_ECHO_MS, movedSince, transferSince } from "../activity/transfer.ts";
import { type Channels, type UseState, useAfter } from "../activity/use.ts";
import type { LoginKind } from "../audit/words.ts";
import { beginLook } from "../login/budget.ts";
import { kindOf } from "../login/kind.ts";
import type { Login } from "../login/login.ts";
import { type ProcessStat, startedBootMs } from "../login/process.ts";
import { innermost, type Terminal, terminalsOf, treeOfLogin } from "../login/terminal.ts";
import type { Applied, Limits } from "../policy/policy.ts";
import { type BootMs, BUCKET_MS, type ClockMap } from "../system/clock.ts";
import type { PendingNotice } from "./judge.ts";
import type { Baseline, Memory, SubjectMemory } from "./memory.ts";

/** The subject that a login without a terminal is. */
export const LOGIN_SUBJECT = "login";

export interface Observation {
  readonly terminals: readonly Terminal[];
  readonly kind: LoginKind;
  /** What to remember of each subject; a terminal that is gone is not in it. Times on the boot clock. */
  readonly subjects: Readonly<Record<string, SubjectMemory>>;
  /** Commands or subsystems run in the login outside its terminals. */
  readonly commandsRun: boolean;
  /** What the connection has been used for; absent where sshd may not be asked. */
  readonly use?: UseState | undefined;
  /** What could not be read, in words, by what it is of; what it would have told counts as not having happened. */
  readonly faults: Readonly<Record<string, string>>;
}

/** What is known of a login that could not be looked at. */
export const NOTHING_SEEN: Observation = {
  terminals: [],
  kind: "command",
  subjects: {},
  commandsRun: false,
  faults: {},
};

/** Over less than this a rate is noise. */
const SHORTEST_WINDOW_MS = 5_000;

/** What one look at many logins finds out once for all, and what it can do without. */
export interface Known extends Omit<LookOptions, "sources" | "payload"> {
  /** What `allProcesses` found. */
  readonly processes?: Map<number, ProcessStat>;
}

/** What a look starts from: the login, what applies to it, what is known of it, and the clocks. */
export interface Occasion {
  readonly login: Login;
  readonly applied: Applied;
  readonly memory: Memory;
  readonly map: ClockMap;
}

/**
 * Looks once and works out each subject's last activity. What cannot be read is a fault, and no evidence. Throws only where the host lets
 * nobody look at terminals.
 */
export async function observe(
  { login, applied, memory, map }: Occasion,
  { tree = treeOfLogin(login), processes, isOver = beginLook(), ...known }: Known = {},
): Promise<Observation> {
  const { own, isFromAfar } = known;
  const all = terminalsOf(login, { tree, isOver, isFromAfar });
  const terminals = all.filter(({ leader }) => !own || leader?.pid === own.leaderPid);
  const kind = kindOf(login, terminals, tree);
  if (terminals.length === 0 && !Number.isFinite(applied.limits.noTerminalMs))
    return { terminals, kind, subjects: {}, commandsRun: false, faults: {} };
  const look = await takeLook(login, terminals, {
    ...known,
    // Without a terminal, what comes from the client is all that there is of keys.
    sources: terminals.length > 0 ? applied.limits.activity : [...applied.limits.activity, "transfer"],
    tree,
    payload: !applied.limits.trustTtyTimes,
    others: all.filter((it) => !terminals.includes(it)),
    isOver,
  });
  const isStayAsked = Number.isFinite(applied.limits.maxStayMs) && !isFromAfar;
  const stays = isStayAsked ? staysIn(sessionsOf(login, terminals, tree), processes) : [];
  const keep = keepOf(login, map.now);
  return interpret({ login, kind, terminals, look, stays, keep, memory, map, limits: applied.limits });
}

/** All that one look showed of a login, and what is known from before. */
export interface Seen {
  readonly login: Login;
  /** What a login without a terminal is there for. */
  readonly kind?: LoginKind | undefined;
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
export function interpret(seen: Seen): Observation {
  const { terminals, look, keep, memory } = seen;
  const inputs = inputsOf(seen);
  const use = look.traffic ? useAfter(memory.use, look.traffic, channelsOf(seen, inputs)) : useStill(seen);
  const kind = terminals.length > 0 ? "shell" : (seen.kind ?? "command");
  const common = { kind, commandsRun: look.commandsRun, faults: look.faults, use };
  if (terminals.length === 0) {
    const subjects = { [LOGIN_SUBJECT]: observeLogin(seen, use) };
    return { terminals, subjects: kept(subjects, keep), ...common };
  }
  const lastKeyMs = Math.max(...[...inputs.values()].map(({ atMs }) => atMs));
  const subjects: Record<string, SubjectMemory> = {};
  for (const terminal of terminals) {
    const face = look.terminals.find(({ id }) => id === terminal.id);
    const input = inputs.get(terminal.id);
    if (face && input)
      subjects[terminal.id] = observeTerminal(seen, { terminal, face, input, lastKeyMs, use });
    else if (look.faults[terminal.id] !== undefined) subjects[terminal.id] = unseen(seen, terminal.id);
  }
  return { terminals, subjects: kept(subjects, keep), ...common };
}

/** What could not be read this time is still known; close looks need something to look at. What the policy counts no more is forgotten. */
function useStill({ terminals, memory, limits }: Seen): UseState | undefined {
  const isAsked = terminals.length === 0 || limits.activity.includes("transfer");
  return isAsked && memory.use ? { ...memory.use, closeSinceMs: undefined } : undefined;
}

/** A terminal that cannot be read is as idle as it was, and at its first look as old as its login. */
function unseen({ login, memory, map }: Seen, id: string): SubjectMemory {
  const began: Evidence = { source: "login", atMs: login.startedBootMs, detail: "the login began" };
  return memory.subjects[id] ?? { lastActivity: began, baseline: { bootMs: map.now.bootMs, job: {} } };
}

/** The input of each terminal that could be looked at. */
function inputsOf(seen: Seen): Map<string, InputState> {
  return new Map(
    seen.look.terminals.flatMap((face) => {
      const terminal = seen.terminals.find(({ id }) => id === face.id);
      return terminal ? [[face.id, inputOf(seen, terminal, face)] as const] : [];
    }),
  );
}

/**
 * What of the connection can be use beside terminals. Payload is keys where a terminal may have had input since the last look. Without a
 * command it is no command's, and went through a forwarded connection that was opened and closed between two looks.
 */
function channelsOf(seen: Seen, inputs: ReadonlyMap<string, InputState>): Channels {
  const { terminals, look, memory, limits } = seen;
  const transferCounts = limits.activity.includes("transfer");
  const sinceMs = memory.use?.last.bootMs ?? Number.POSITIVE_INFINITY;
  const isKeys =
    terminals.length > 0 && (!transferCounts || [...inputs.values()].some(({ atMs }) => atMs >= sinceMs));
  const rest = isKeys ? "keys" : look.commandsRun ? "command" : transferCounts ? "forwarded" : "keys";
  return {
    hasTerminals: terminals.length > 0,
    rest,
    mayBeAnswers: look.terminals.some((face) => face.canonical && outputOf(seen, face).atMs >= sinceMs),
    transferCounts,
    heartbeatsCount: limits.heartbeats,
  };
}

/** The output of a terminal. */
function outputOf({ look, memory, map }: Seen, face: TerminalLook): OutputState {
  const before = memory.subjects[face.id]?.output;
  return outputAt(before, face, look.bootMs, (wallS) => map.toBootMs(wallS * 1000));
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
 * The time is the look's own, which can be long after `map` was made. A terminal is in use when it opens: what seems to lie before that
 * comes from a clock that was stepped where no watchdog saw it. Only a first look asks its leader for that, which can be another later.
 */
function inputOf({ look, memory, map, limits }: Seen, { leader }: Terminal, face: TerminalLook): InputState {
  const before = memory.subjects[face.id]?.input;
  const input = inputAt(
    before,
    face,
    { nowMs: look.bootMs, toBootMs: (wallS) => map.toBootMs(wallS * 1000) },
    look.payload,
  );
  if (!face.exact)
    return before || !leader ? input : { ...input, atMs: Math.max(input.atMs, startedBootMs(leader)) };
  const { lastKeyMs, lastMotionMs } = face.exact;
  return { ...input, atMs: limits.mouseMotion ? Math.max(lastKeyMs, lastMotionMs) : lastKeyMs };
}

/** One terminal of a look. */
interface SeenTerminal {
  readonly terminal: Terminal;
  readonly face: TerminalLook;
  readonly input: InputState;
  /** The last key on any terminal of the login. */
  readonly lastKeyMs: number;
  readonly use: UseState | undefined;
}

/** One terminal: its keys, its foreground job, its output, and the connection it came over. */
function observeTerminal(seen: Seen, { terminal, face, input, lastKeyMs, use }: SeenTerminal): SubjectMemory {
  const { look, stays, memory, map, limits } = seen;
  const nowMs = map.now.bootMs;
  const before = memory.subjects[face.id];
  const standing = memory.standing[face.id];
  const baseline = before?.baseline ?? firstBaseline(terminal, face, input);
  const windowMs = windowOf(baseline, standing, nowMs);
  const sessions = new Set(sessionsIn(terminal));
  const asked = stays.filter(({ session }) => sessions.has(session));
  const found: Evidence[] = [
    { source: "input", atMs: input.atMs, detail: "a key" },
    ...asked.map((stay) => evidenceOf(stay, input.atMs, nowMs, limits)),
  ];

  if (limits.activity.includes("busy")) {
    const work = workSince(baseline.job, face.job, {
      sinceBootMs: baseline.bootMs,
      windowMs,
      terminalBytes: shownSince(baseline, look),
    });
    if (work)
      found.push({
        source: "busy",
        atMs: busyAtMs(nowMs, input.atMs, limits.busyMaxMs, limits.idleTimeoutMs),
        detail: describeWork(work),
      });
  }
  const keysRest = baseline.bootMs >= lastKeyMs + KEY_ECHO_MS;
  if (limits.activity.includes("transfer") && keysRest && baseline.connection && look.connection) {
    const moved = transferSince(
      baseline.connection,
      look.connection,
      windowMs,
      othersEchoMs(look, baseline, map),
    );
    if (moved) found.push({ source: "transfer", atMs: nowMs, detail: moved });
  }
  const output = outputOf(seen, face);
  if (limits.activity.includes("output"))
    found.push({
      source: "output",
      atMs: face.exact?.lastOutputMs ?? output.atMs,
      detail: "output on the terminal",
    });

  return {
    ...activityOf(found, before, use),
    baseline: nextBaseline(baseline, standing, found, {
      bootMs: nowMs,
      job: face.job,
      connection: look.connection,
      outBytes: look.traffic?.outBytes,
    }),
    input,
    output,
  };
}

/**
 * For how long since the baseline the client can have made up keystrokes because of terminals that are not looked at: their times are
 * too coarse for more than none or all of it.
 */
function othersEchoMs({ othersAccessedWallS, bootMs }: Look, baseline: Baseline, map: ClockMap): number {
  if (othersAccessedWallS === undefined) return 0;
  const atMs = bucketAtMs(othersAccessedWallS, bootMs, (wallS) => map.toBootMs(wallS * 1000));
  return atMs + KEY_ECHO_MS > baseline.bootMs ? Math.max(0, map.now.bootMs - baseline.bootMs) : 0;
}

/**
 * The last activity: the use of the connection beside all else, which is kept by itself. Use can turn out to have been a heartbeat, and
 * then it never was.
 */
function activityOf(
  found: readonly Evidence[],
  before: SubjectMemory | undefined,
  use: UseState | undefined,
): Pick<SubjectMemory, "lastActivity" | "besideUse"> {
  const besideUse = latest(found, before?.besideUse ?? before?.lastActivity);
  if (!use || use.usedAtMs === 0) return { lastActivity: besideUse, besideUse };
  const used: Evidence = { source: use.source, atMs: use.usedAtMs, detail: use.detail };
  return { lastActivity: latest([used], besideUse), besideUse };
}

/** What the login's terminals have shown since, at most; 0 where nobody can tell. */
function shownSince({ outBytes }: Baseline, { traffic }: Look): number {
  return traffic && outBytes !== undefined ? Math.max(0, traffic.outBytes - outBytes) : 0;
}

/** A login without a terminal: only what it does and moves can tell that it is in use. */
function observeLogin(
  { login, look, stays, memory, map, limits }: Seen,
  use: UseState | undefined,
): SubjectMemory {
  const nowMs = map.now.bootMs;
  const before = memory.subjects[LOGIN_SUBJECT];
  const standing = memory.standing[LOGIN_SUBJECT];
  const began: Evidence = { source: "login", atMs: login.startedBootMs, detail: "the login began" };
  const seen: Baseline = { bootMs: nowMs, job: look.detached, connection: look.connection };
  if (!before) return { lastActivity: { ...began, atMs: firstAtMs(login, look, nowMs) }, baseline: seen };

  const windowMs = windowOf(before.baseline, standing, nowMs);
  const found = stays.map((stay) => evidenceOf(stay, login.startedBootMs, nowMs, limits));
  const moved =
    before.baseline.connection && look.connection
      ? movedSince(before.baseline.connection, look.connection, windowMs)
      : undefined;
  // It has no keys: what moved stands for them, and before that its beginning. On the wire nobody can tell what was typed from what was
  // sent: whatever the policy counts, it is somebody.
  const usedMs = moved ? nowMs : Math.max(before.usedMs ?? 0, use?.usedAtMs ?? 0, login.startedBootMs);
  if (moved) found.push({ source: "transfer", atMs: nowMs, detail: moved });
  if (limits.activity.includes("busy")) {
    const { job, bootMs } = before.baseline;
    const work = workSince(job, look.detached, { sinceBootMs: bootMs, windowMs });
    if (work)
      found.push({
        source: "busy",
        atMs: busyAtMs(nowMs, usedMs, limits.busyMaxMs, limits.noTerminalMs),
        detail: describeWork(work),
      });
  }
  return {
    usedMs: moved ? nowMs : before.usedMs,
    ...activityOf(found, before, use),
    baseline: nextBaseline(before.baseline, standing, found, seen),
  };
}

/** Without an earlier look the login was in use when anything last came or went; where nobody can tell, it is now. */
function firstAtMs(login: Login, { traffic }: Look, nowMs: number): number {
  if (!traffic) return nowMs;
  return Math.max(login.startedBootMs, nowMs - Math.min(traffic.sinceClientMs, traffic.sinceForwardedMs));
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
  return [...(leader ? [leader.pid] : []), ...(inner ? sessionsIn(inner) : [])];
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
function windowOf(baseline: Baseline, standing: PendingNotice<BootMs> | undefined, nowMs: number): number {
  const windowMs = standing ? standing.promisedMs - standing.sinceMs : nowMs - baseline.bootMs;
  return Math.max(windowMs, SHORTEST_WINDOW_MS);
}

/**
 * The next look measures from this one, unless a notice stands, whose whole window is judged, or hardly any time has passed. Work that
 * has been found is not found again.
 */
function nextBaseline(
  baseline: Baseline,
  standing: PendingNotice<BootMs> | undefined,
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
  const key = leader ? `${leader.pid}-${leader.startTicks}` : "";
  const counters = seen.job[key];
  return { bootMs: input.atMs - BUCKET_MS, job: counters ? { [key]: counters } : {} };
}

function latest(found: readonly Evidence[], before: Evidence | undefined): Evidence {
  const all = before ? [before, ...found] : [...found];
  return all.reduce((a, b) => (b.atMs > a.atMs ? b : a));
}
