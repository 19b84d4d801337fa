// What is shown of a login, for people and for programs.

import type { LoginKind } from "../audit/words.ts";
import { idleLimitMs } from "../guard/judge.ts";
import { LOGIN_SUBJECT } from "../guard/observe.ts";
import { sshdOf } from "../login/login.ts";
import { innermost, type Terminal, terminalName } from "../login/terminal.ts";
import { spoken } from "../text/spoken.ts";
import type { State } from "./state.ts";
import { idleMsOf, leftMsOf, lockedMsOf, type Surveyed } from "./survey.ts";

/** One terminal of a login, or a login without a terminal. `null` if nothing measures, limits or ends it. */
export interface SubjectRow {
  /** `null` for a login without a terminal. */
  readonly terminal: string | null;
  readonly idleSeconds: number | null;
  readonly limitSeconds: number | null;
  /** Until it ends or locks; for a locked terminal, until it ends. */
  readonly leftSeconds: number | null;
  /** How long it has been locked; `null` if it is not locked. */
  readonly lockedSeconds: number | null;
  /** The foreground program of the innermost terminal; for a login without a terminal, the program that it runs. */
  readonly foreground: { readonly pid: number; readonly name: string } | null;
  /** What the idle time is counted from. */
  readonly evidence: string;
}

export interface LoginRow {
  readonly user: string;
  readonly uid: number;
  readonly client: string | null;
  readonly sshdPid: number;
  /** ISO 8601. */
  readonly loginTime: string;
  /** The CPU time of its living processes and of their ended children, in seconds. */
  readonly cpuSeconds: number;
  /** What the login is for: a terminal, files, a command, or only forwarded ports. */
  readonly kind: LoginKind;
  readonly state: State;
  readonly watchdog: "root" | "user" | null;
  readonly own: boolean;
  readonly rule: string;
  readonly fault: string | null;
  readonly subjects: readonly SubjectRow[];
}

/** The row of one login. */
export function rowOf(surveyed: Surveyed): LoginRow {
  const { login, processes, map, state, watchdog, isOwn, applied, fault, observation } = surveyed;
  const startedMs = map.now.wallMs - (map.now.bootMs - login.startedBootMs);
  const cpuMs = processes.reduce((sum, it) => sum + it.cpuMs + it.childrenCpuMs, 0);
  return {
    user: login.user,
    uid: login.uid,
    client: login.client?.address ?? null,
    sshdPid: sshdOf(login).pid,
    loginTime: new Date(startedMs).toISOString(),
    cpuSeconds: Math.round(cpuMs / 100) / 10,
    kind: observation.kind,
    state,
    watchdog: watchdog ?? null,
    own: isOwn,
    rule: applied.rule,
    fault: fault ?? null,
    subjects:
      observation.terminals.length > 0
        ? observation.terminals.map((terminal) => subjectOf(terminal.id, terminal, surveyed))
        : [subjectOf(LOGIN_SUBJECT, undefined, surveyed)],
  };
}

/** How long the whole login has been idle, in seconds: as long as its most active part. `null` if nothing measures it. */
export function idleSecondsOf({ subjects }: LoginRow): number | null {
  const known = subjects.flatMap(({ idleSeconds }) => (idleSeconds === null ? [] : [idleSeconds]));
  return known.length === 0 ? null : Math.min(...known);
}

function subjectOf(id: string, terminal: Terminal | undefined, surveyed: Surveyed): SubjectRow {
  const { applied, observation } = surveyed;
  const lastActivity = observation.subjects[id]?.lastActivity;
  const limitMs = lastActivity
    ? idleLimitMs(terminal ? "terminal" : "login", applied)
    : Number.POSITIVE_INFINITY;
  return {
    terminal: terminal ? terminalName(terminal) : null,
    idleSeconds: secondsOf(idleMsOf(surveyed, id)),
    limitSeconds: secondsOf(limitMs),
    leftSeconds: secondsOf(leftMsOf(surveyed, id)),
    lockedSeconds: secondsOf(lockedMsOf(surveyed, id)),
    foreground: terminal ? foregroundOf(terminal) : commandOf(surveyed),
    evidence: evidenceOf(id, surveyed),
  };
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined || !Number.isFinite(ms) ? null : Math.floor(ms / 1000);
}

/** The leader of the foreground process group; if it has ended, the first process of the group. */
function foregroundOf(terminal: Terminal): SubjectRow["foreground"] {
  const { foregroundJob, foregroundGroup } = innermost(terminal);
  const program = foregroundJob.find(({ pid }) => pid === foregroundGroup) ?? foregroundJob[0];
  return program ? { pid: program.pid, name: program.name } : null;
}

/** What a login without a terminal runs: the first process below its sshd. */
function commandOf({ login, processes }: Surveyed): SubjectRow["foreground"] {
  const command = processes.find(
    ({ parent, pid }) => parent === login.server.pid && pid !== login.child?.pid,
  );
  return command ? { pid: command.pid, name: command.name } : null;
}

function evidenceOf(id: string, surveyed: Surveyed): string {
  if (surveyed.fault !== undefined) return surveyed.fault;
  const last = surveyed.observation.subjects[id]?.lastActivity;
  if (!last) return "no limit for logins without a terminal";
  const ago = spoken(idleMsOf(surveyed, id) ?? 0);
  const used = last.source === "input" ? `last key ${ago} ago` : `${last.source}: ${last.detail}, ${ago} ago`;
  const lockedMs = lockedMsOf(surveyed, id);
  return lockedMs === undefined ? used : `locked ${spoken(lockedMs)} ago, ${used}`;
}
