// Turns what the kernel shows of a login into what `judge` needs: when each terminal, or the login, was last active.

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
import type { Ask } from "../lock/ask.ts";
import { beginLook } from "../login/budget.ts";
import { kindOf } from "../login/kind.ts";
import type { Login } from "../login/login.ts";
import { type ProcessStat, startedBootMs } from "../login/process.ts";
import { innermost, type Terminal, terminalsOf, treeOfLogin } from "../login/terminal.ts";
import { type Applied, appliedTo, type Limits } from "../policy/policy.ts";
import { type BootMs, BUCKET_MS, type ClockMap } from "../system/clock.ts";
import type { PendingNotice } from "./judge.ts";
import { type Locks, withLocks } from "./lock-activity.ts";
import type { Baseline, Memory, SubjectMemory } from "./memory.ts";

/** The subject id of a login without a terminal. */
export const LOGIN_SUBJECT = "login";

export interface Observation {
  readonly terminals: readonly Terminal[];
  readonly kind: LoginKind;
  /** What to remember of each subject. A terminal that is gone has no entry. Times on the boot clock. */
  readonly subjects: Readonly<Record<string, SubjectMemory>>;
  /** Commands or subsystems run in the login outside its terminals. */
  readonly commandsRun: boolean;
  /** What the connection has been used for; absent if we may not ask sshd. */
  readonly use?: UseState | undefined;
  /** The terminals that are locked; absent if none can be. */
  readonly locks?: Locks | undefined;
  /** The locks that somebody asked for since the last look. */
  readonly asks?: readonly Ask[] | undefined;
  /** What could not be read, in words, by its id. It counts as if nothing had happened there. */
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

/** Over a shorter time a rate is noise. */
const SHORTEST_WINDOW_MS = 5_000;

/** What a look at many logins reads once for all, and what it can do without. */
export interface Known extends Omit<LookOptions, "sources" | "payload"> {
  /** No process of the login is read; see `Assignment.isBlind`. */
  readonly isBlind?: boolean;
  /** The result of `allProcesses`. */
  readonly processes?: Map<number, ProcessStat>;
}

/** What a look starts from: the login, what applies to it, what is known of it, its locks, and the clocks. */
export interface Occasion {
  readonly login: Login;
  readonly applied: Applied;
  readonly memory: Memory;
  readonly locks?: Locks | undefined;
  readonly map: ClockMap;
}

/**
 * Takes one look and works out each subject's last activity. What cannot be read is a fault and no evidence. Throws only if the host lets
 * nobody look at terminals.
 */
export async function observe(
  { login, applied, memory, locks, map }: Occasion,
  {
    isBlind = false,
    tree = isBlind ? [] : treeOfLogin(login),
    processes,
    isOver = beginLook(),
    ...known
  }: Known = {},
): Promise<Observation> {
  const { own, isFromAfar } = known;
  const all = terminalsOf(login, { tree, isOver, isFromAfar });
  const terminals = all.filter(({ leader }) => !own || leader?.pid === own.leaderPid);
  // Without the processes, nothing tells a command from a tunnel.
  const isUnseen = isBlind && terminals.length === 0;
  const kind = isUnseen ? (memory.kind ?? NOTHING_SEEN.kind) : kindOf(login, terminals, tree);
  const { limits } = appliedTo(kind, applied);
  if (terminals.length === 0 && !Number.isFinite(limits.noTerminalMs))
    return { terminals, kind, subjects: {}, commandsRun: false, locks, faults: {} };
  const look = await takeLook(login, terminals, {
    ...known,
    // Without a terminal, keys show only in the bytes from the client.
    sources: terminals.length > 0 ? limits.activity : [...limits.activity, "transfer"],
    tree,
    payload: !limits.trustTtyTimes,
    others: all.filter((it) => !terminals.includes(it)),
    isOver,
  });
  const isStayAsked = Number.isFinite(limits.maxStayMs) && !isFromAfar;
  const stays = isStayAsked ? staysIn(sessionsOf(login, terminals, tree), processes) : [];
  const keep = keepOf(login, map.now);
  return interpret({ login, kind, terminals, look, stays, keep, memory, locks, map, limits });
}

/** All that one look showed of a login, and what was known before. */
export interface Seen {
  readonly login: Login;
  /** The purpose of a login without a terminal. */
  readonly kind?: LoginKind | undefined;
  readonly terminals: readonly Terminal[];
  readonly look: Look;
  readonly stays: readonly Stay[];
  /** Evidence that an administrator keeps the login. */
  readonly keep?: Evidence | undefined;
  readonly memory: Memory;
  readonly locks?: Locks | undefined;
  readonly map: ClockMap;
  readonly limits: Limits;
}

/** The result of one look. Pure. A terminal that went away before the look is left out. */
export function interpret(seen: Seen): Observation {
  const { terminals, look, keep, memory, locks, map } = seen;
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
  const counted = withLocks(subjects, locks, memory, map.now.bootMs);
  return { terminals, subjects: kept(counted, keep), locks, ...common };
}

/**
 * The use of the connection if it was not read this time: what was known stays, but without close looks, which need something to look at.
 * If the policy does not count it any more, it is forgotten.
 */
function useStill({ terminals, memory, limits }: Seen): UseState | undefined {
  const isAsked = terminals.length === 0 || limits.activity.includes("transfer");
  return isAsked && memory.use ? { ...memory.use, closeSinceMs: undefined } : undefined;
}

/** A terminal that cannot be read is as idle as before. At its first look it is as old as its login. */
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
 * What can be use of the connection besides terminals. Payload counts as keys if a terminal may have had input since the last look. If no
 * command runs either, the payload went through a forwarded connection that was opened and closed between two looks.
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

/** The subjects of a login, all of them active if an administrator keeps it. */
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
 * The input of a terminal. The time is the look's own, which can be long after `map` was made. A terminal is in use when it opens: an
 * earlier time comes from a clock that was stepped while no watchdog saw it. Only the first look asks the session leader for its start, as
 * there can be another leader later.
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

/** Observes one terminal: its keys, its foreground job, its output, and the connection over which it came. */
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
 * For how many ms since the baseline the client can have made up keystrokes because of terminals that are not looked at. Their times are
 * coarse, so it is none or all of that time.
 */
function othersEchoMs({ othersAccessedWallS, bootMs }: Look, baseline: Baseline, map: ClockMap): number {
  if (othersAccessedWallS === undefined) return 0;
  const atMs = bucketAtMs(othersAccessedWallS, bootMs, (wallS) => map.toBootMs(wallS * 1000));
  return atMs + KEY_ECHO_MS > baseline.bootMs ? Math.max(0, map.now.bootMs - baseline.bootMs) : 0;
}

/**
 * The last activity. The use of the connection is kept apart from all other activity: it can turn out to have been a heartbeat, and then it
 * does not count any more.
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

/** The most bytes that the login's terminals have shown since; 0 if not known. */
function shownSince({ outBytes }: Baseline, { traffic }: Look): number {
  return traffic && outBytes !== undefined ? Math.max(0, traffic.outBytes - outBytes) : 0;
}

/** Observes a login without a terminal: only its work and its traffic can tell that it is in use. */
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
  // There are no keys here. Traffic counts instead of them, and before any traffic the beginning of the login. On the wire nobody can tell
  // typed from sent bytes, so both mean that somebody is there, whatever the policy counts.
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

/** At a first look: the time when anything last came or went. If that is not known, now. */
function firstAtMs(login: Login, { traffic }: Look, nowMs: number): number {
  if (!traffic) return nowMs;
  return Math.max(login.startedBootMs, nowMs - Math.min(traffic.sinceClientMs, traffic.sinceForwardedMs));
}

/** The sessions of a login: those of its terminals, of the terminals inside them, and of commands without a terminal. */
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

/** A stay lasts as long as was asked for, but at most `max_stay` after the last key or, without keys, after the login began. */
function evidenceOf({ untilMs, command }: Stay, lastKeyMs: number, nowMs: number, limits: Limits): Evidence {
  return {
    source: "stay",
    atMs: Math.min(nowMs, untilMs, lastKeyMs + limits.maxStayMs),
    detail: command === undefined ? "its user asked for it" : `${command} under afkill run`,
  };
}

/** The time over which rates are judged, in ms: the whole standing notice, else the time since the baseline. */
function windowOf(baseline: Baseline, standing: PendingNotice<BootMs> | undefined, nowMs: number): number {
  const windowMs = standing ? standing.promisedMs - standing.sinceMs : nowMs - baseline.bootMs;
  return Math.max(windowMs, SHORTEST_WINDOW_MS);
}

/**
 * The baseline for the next look: this look. The old baseline stays if a notice stands, since the whole notice is judged, or if too little
 * time has passed. After work was found this look is always the baseline: the same work must not be found again.
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
 * The first look at a terminal has no earlier one to compare with. A job that began after the last key counts whole. The session leader
 * counts from now on: its start-up files used CPU before anybody could be idle.
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
