// Knows what really happened on a virtual host, and says what a guard did wrong.
//
//   (a) Nothing ends before its limit, on the running time since its last activity, less what the clocks cannot tell: whole seconds
//       cost up to 2 s for each step; a step of up to 8 s looks like rounding, or puts two keys into one bucket. What was suspended is
//       known exactly, where root's watchdog or an earlier check remembers what had been suspended before; otherwise a suspend of up to
//       7 s looks like a busy machine and counts, whole seconds cost up to 1 s for each longer one, and a suspend while no watchdog runs
//       counts. On a machine that is busy as well, a suspend may be taken to have been at another time. A login whose watchdog was
//       killed and its memory taken away, after a step, is only promised its notice. A terminal that opens and closes between two looks
//       is not seen.
//   (b) What is idle ends when its limit is over, counted from the end of the kernel's 8-second bucket, or from the first look after
//       the activity where that is all that can be known: unread keys, work, a step or suspend in between, a lost memory, the first
//       look at a login without a terminal. A busy machine delays no end but by what it delays a look. After a disturbance (policy, kill, suspend, late sleep) within one slice and a full notice, or what a notice has promised.
//   (c) Every ending follows its notices: as long before as the policy of that time says, less what a late look may cost (2 s or half
//       of it), with every stage for which there was a look. The one reason for none: the policy gives none.
//   (d) The memory holds what is there now and a bounded history, and nothing else.

import { earliestDueMs, WHOLE_LOGIN } from "../../src/guard/judge.ts";
import { type Memory, serialise } from "../../src/guard/memory.ts";
import { LOGIN_SUBJECT } from "../../src/guard/observe.ts";
import type { Applied } from "../../src/policy/policy.ts";
import { MOST_EVENTS } from "../../src/system/clock.ts";
import type { Looked } from "./virtual-guard.ts";
import type { Happening, Story, VirtualHost } from "./virtual-host.ts";

const SLICE_MS = 20_000;
const BUCKET_MS = 8_000;
const HOUR_MS = 3_600_000;
const LONGEST_PAUSE_MS = 600_000;
/** Whole seconds of `sh`, a look each second, forks. */
const TOLERANCE_MS = 3_000;
/** The clocks are read to 10 ms, and a little before the look. */
const READING_MS = 50;
/** Suspends and steps up to these may not be noted: limits of the watchdog, and what its whole seconds can hide. */
const UNNOTED_SUSPEND_MS = 7_000;
const UNNOTED_STEP_MS = BUCKET_MS;
const MOST_BYTES = 20_000;

/** A terminal, or the login while it has none. */
interface Part {
  /** The last activity, in running time. */
  activeMs: number;
  /** What (b) counts from. */
  anchorMs: number;
  /** Until when a stay that its user asked for has held it. */
  heldMs: number;
  /** A look has counted the last activity. */
  seen: boolean;
  /** It counts from the look. */
  blurred: boolean;
  forgotten: boolean;
  trusted: boolean;
}

interface Notice {
  readonly sinceMs: number;
  readonly windowMs: number;
  readonly given: Set<number>;
}

/** What a thing that happened may cost: so much early, so much late. */
interface Cost {
  readonly atMs: number;
  earlyMs: number;
  lateMs: number;
  /** What it costs early where nobody lives to note it. */
  readonly unnotedMs: number;
}

export function createReferee(story: Story) {
  const parts = new Map<string, Part>();
  const notices = new Map<string, Notice>();
  const costs: Cost[] = [];
  const steps: number[] = [];
  let applied = story.policy;
  let quietMs = 0;
  /** What comes up to here may lie in a sleep that is taken for a gap as a whole. */
  let gapEndsMs = -1;
  let lastLook: { atMs: number; applied: Applied } | undefined;
  /** What was known of the login when its first terminal opened, until a look has seen that terminal. */
  let aside: Part | undefined;
  let endings = 0;
  /** What was there at the last look. */
  let lookedAt: ReadonlySet<string> = new Set();
  const isBusy = story.happenings.some(({ kind }) => kind === "late");
  /** A long sleep may be taken for a suspend. */
  const isSuspect =
    story.happenings.some(({ kind }) => kind === "suspend") || (!story.isRoots && story.suspendedMs > 0);
  const isExact = (host: VirtualHost) => !isBusy && (story.isRoots || host.isRemembering);
  parts.set(LOGIN_SUBJECT, begun(0, false));

  const costSince = (atMs: number, which: "earlyMs" | "lateMs") =>
    costs.reduce(
      // What a sleep came to shows when it is over, a slice later: also to an activity that came before that.
      (sum, cost) => (cost.atMs + (which === "lateMs" ? SLICE_MS : 0) >= atMs ? sum + cost[which] : sum),
      0,
    );

  /** Each thing that happens, when it has. `kernelNoted`: a key moved its terminal's time, or its bucket had one. */
  function happened(happening: Happening, host: VirtualHost, kernelNoted: boolean): void {
    const nowMs = host.runMs();
    if (happening.kind === "suspend") quietMs = Math.max(quietMs, nowMs);
    mustNotBeOverdue(host, nowMs);
    const id = "terminal" in happening ? host.idOfNumber(happening.terminal) : LOGIN_SUBJECT;
    const part = id === undefined ? undefined : parts.get(id);
    switch (happening.kind) {
      case "key":
        if (part && kernelNoted) typed(part, nowMs, (part.blurred && !part.seen) || nowMs <= gapEndsMs);
        break;
      case "unread key":
        if (part) typed(part, nowMs, true);
        break;
      case "transfer":
        if (part && host.openTerminals().length === 0)
          Object.assign(part, { activeMs: nowMs, seen: false, blurred: true });
        break;
      case "step":
        steps.push(nowMs);
        if (!host.isNoting) for (const it of parts.values()) it.trusted = false;
        // Also for a key that comes just after it, into the bucket of one before it.
        disturb(
          nowMs + BUCKET_MS,
          Math.abs(happening.byMs) > UNNOTED_STEP_MS ? 2_000 : Math.abs(happening.byMs),
        );
        break;
      case "suspend":
        gapEndsMs = nowMs + SLICE_MS;
        disturb(nowMs, happening.forMs > UNNOTED_SUSPEND_MS ? 1_000 : happening.forMs, happening.forMs);
        if (isExact(host)) for (const cost of costs.slice(-1)) cost.earlyMs = 0;
        if (host.isUnwatched()) forgetGaps(nowMs - 2 * SLICE_MS, host);
        break;
      case "late":
        gapEndsMs = nowMs + SLICE_MS + happening.byMs;
        costs.push({
          atMs: nowMs + happening.byMs,
          earlyMs: 0,
          lateMs: isSuspect ? happening.byMs : 0,
          unnotedMs: 0,
        });
        quietMs = Math.max(quietMs, nowMs) + happening.byMs + SLICE_MS;
        break;
      case "policy":
        quietMs = Math.max(quietMs, nowMs);
        break;
      case "checks fail":
        quietMs = Number.POSITIVE_INFINITY;
        break;
      case "checks work":
        quietMs = nowMs + LONGEST_PAUSE_MS;
        break;
      case "kill":
        quietMs = Math.max(quietMs, nowMs + happening.downMs);
        // Of what a check has not taken over nobody knows any more.
        forgetGaps(host.checksFail || quietMs > nowMs ? 0 : nowMs - 2 * SLICE_MS, host);
        if (happening.forgets || !host.isRemembering) forgetAll();
        else for (const it of parts.values()) it.blurred ||= !it.seen;
        break;
    }
    follow(host, nowMs);
  }

  /** What moves the clocks: a look that comes after it knows less of what came before. */
  function disturb(nowMs: number, costMs: number, unnotedMs = costMs): void {
    costs.push({ atMs: nowMs, earlyMs: costMs, lateMs: costMs, unnotedMs });
    quietMs = Math.max(quietMs, nowMs);
    for (const part of parts.values()) part.blurred ||= !part.seen;
  }

  function forgetAll(): void {
    for (const part of parts.values()) Object.assign(part, { blurred: true, seen: false, forgotten: true });
    notices.clear();
    for (const cost of costs) cost.earlyMs = cost.unnotedMs;
  }

  /** A watchdog that is killed has noted nothing of its last sleep: where a suspend was in it is not known, but that there was one. */
  function forgetGaps(sinceMs: number, host: VirtualHost): void {
    for (const cost of costs)
      if (cost.atMs >= sinceMs)
        Object.assign(cost, isExact(host) ? { lateMs: cost.unnotedMs } : { earlyMs: cost.unnotedMs });
  }

  /** Terminals come and go; without any the login itself is what can be idle. */
  function follow(host: VirtualHost, nowMs: number): void {
    const open = host.openTerminals();
    for (const id of open) if (!parts.has(id)) parts.set(id, begun(nowMs, nowMs > gapEndsMs));
    for (const id of parts.keys())
      if (id !== LOGIN_SUBJECT && !open.includes(id)) {
        parts.delete(id);
        notices.delete(id);
      }
    const login = parts.get(LOGIN_SUBJECT);
    if (open.length > 0 && login) {
      parts.delete(LOGIN_SUBJECT);
      aside = login;
    } else if (open.length === 0 && !login) {
      // Terminals that opened and closed between two looks were never seen.
      parts.set(LOGIN_SUBJECT, aside ?? begun(nowMs, false));
    }
  }

  function typed(part: Part, nowMs: number, blurred: boolean): void {
    Object.assign(part, begun(nowMs, true), { blurred });
  }

  function begun(nowMs: number, isKnownExactly: boolean): Part {
    return {
      activeMs: nowMs,
      anchorMs: nowMs,
      heldMs: 0,
      seen: false,
      blurred: !isKnownExactly,
      forgotten: false,
      trusted: true,
    };
  }

  /** Each look of a check, before its decisions are carried out. */
  function looked(look: Looked, host: VirtualHost): void {
    const nowMs = host.runMs();
    applied = look.scene.applied;
    follow(host, nowMs);
    if (!parts.has(LOGIN_SUBJECT)) {
      aside = undefined;
      notices.delete(LOGIN_SUBJECT);
    }
    mustNotBeOverdue(host, nowMs);
    for (const [id, part] of parts) {
      if (!(id in look.scene.observation.subjects)) {
        // Under no limit a login without a terminal is not looked at, and what was known of it is forgotten.
        if (id === LOGIN_SUBJECT) Object.assign(part, { seen: false, blurred: true });
        continue;
      }
      if (part.forgotten) part.trusted = !steps.some((stepMs) => stepMs >= part.activeMs);
      if (!part.seen && part.blurred) part.anchorMs = nowMs;
      Object.assign(part, { seen: true, blurred: false, forgotten: false });
    }
    for (const { session } of host.stays()) {
      const id = host.terminals().find(({ leader }) => leader?.pid === session)?.id;
      const part = id === undefined ? undefined : parts.get(id);
      const { maxStayMs } = applied.limits;
      if (part && Number.isFinite(maxStayMs))
        part.heldMs = Math.max(part.heldMs, Math.min(nowMs, part.anchorMs + BUCKET_MS + maxStayMs));
    }
    lookedAt = new Set(parts.keys());
    for (const decision of look.verdict.decisions) {
      if (decision.kind === "notice") warned(decision.id, decision, look, nowMs);
      if (decision.kind === "stay") notices.delete(decision.id);
      if (decision.kind === "hang-up")
        must(decision.id !== LOGIN_SUBJECT, () => "(b) hung up a login that has no terminal");
      if (decision.kind === "hang-up") endedOne(decision.id, host, nowMs);
      if (decision.kind === "end" && decision.reason === "max_login") endedForAge(host, nowMs);
      if (decision.kind === "end" && decision.reason === "idle") {
        must(decision.ids.length === parts.size, () => `(a) ended with a terminal that is not idle`);
        must(
          !look.scene.observation.commandsRun || parts.has(LOGIN_SUBJECT),
          () => "(a) ended though a command runs beside the terminals",
        );
        for (const id of decision.ids) endedOne(id, host, nowMs);
      }
    }
    lastLook = { atMs: nowMs, applied };
    for (const decision of look.verdict.decisions) if (decision.kind === "hang-up") isGone(decision.id);
  }

  /** A terminal that was hung up is gone. */
  function isGone(id: string): void {
    parts.delete(id);
    notices.delete(id);
  }

  function warned(
    id: string,
    { endsAtMs, standing }: { endsAtMs: number; standing: { givenMs: readonly number[] } },
    { scene: { map } }: Looked,
    nowMs: number,
  ): void {
    const notice = notices.get(id);
    if (notice) {
      for (const ms of standing.givenMs) notice.given.add(ms);
      return;
    }
    const longestMs = longestNoticeMs(limitMsOf(id));
    const windowMs = endsAtMs - map.toIdleMs(map.now.bootMs);
    must(
      windowMs >= longestMs - Math.min(2_000, longestMs / 2) - 1,
      () => `(c) the first notice on ${id} promises ${windowMs} ms of ${longestMs}`,
    );
    notices.set(id, { sinceMs: nowMs, windowMs, given: new Set(standing.givenMs) });
  }

  function endedOne(id: string, host: VirtualHost, nowMs: number): void {
    endings++;
    const part = parts.get(id);
    if (!part) throw new Error(`(a) ended ${id}, which is not there`);
    const limitMs = limitMsOf(id);
    must(Number.isFinite(limitMs), () => `(a) ended ${id}, which has no limit`);
    const idleMs = nowMs - part.activeMs;
    const leastMs = limitMs - costSince(part.activeMs, "earlyMs") - READING_MS;
    must(!part.trusted || idleMs >= leastMs, () => `(a) ended ${id} after ${idleMs} ms of ${limitMs}`);
    const stay = host.stays().find(({ session }) => id.includes(`:${session}-`));
    const mayStayMs = part.activeMs + applied.limits.maxStayMs;
    const suspended = costSince(part.activeMs, "earlyMs") > 0;
    must(
      !stay || suspended || nowMs >= mayStayMs || !Number.isFinite(mayStayMs),
      () => `(a) ended ${id} though its user asked for it to stay`,
    );
    mustHaveBeenWarned(id, limitMs, nowMs);
  }

  function endedForAge(host: VirtualHost, nowMs: number): void {
    endings++;
    const { maxLoginMs } = applied.limits;
    const ageMs = host.bootMs() - story.bootMs;
    must(!applied.exempt && ageMs >= maxLoginMs, () => `(a) ended for its age of ${ageMs} ms`);
    mustHaveBeenWarned(WHOLE_LOGIN, maxLoginMs, nowMs);
  }

  function mustHaveBeenWarned(id: string, limitMs: number, nowMs: number): void {
    const stages = applied.limits.warnBeforeMs.filter((ms) => ms < limitMs);
    if (stages.length === 0) return;
    const notice = notices.get(id);
    if (!notice) throw new Error(`(c) ended ${id} without a notice`);
    const givenMs = nowMs - notice.sinceMs;
    const leastMs = notice.windowMs - costSince(notice.sinceMs, "earlyMs") - READING_MS;
    must(givenMs >= leastMs, () => `(c) ended ${id} ${givenMs} ms after a notice of ${notice.windowMs} ms`);
    if (!lastLook || lastLook.applied !== applied) return;
    const sinceLookMs = nowMs - lastLook.atMs;
    const missed = stages.find((ms) => !notice.given.has(ms) && sinceLookMs < ms);
    must(missed === undefined, () => `(c) ended ${id} without its notice of ${missed} ms before`);
  }

  /** (b), at any moment, for all that has not ended. */
  function mustNotBeOverdue(host: VirtualHost, nowMs: number): void {
    if (host.ended) return;
    for (const [id, part] of parts) {
      const limitMs = limitMsOf(id);
      if (!Number.isFinite(limitMs)) continue;
      const unseenMs = part.seen || !part.blurred ? 0 : untilLookMs();
      const idleMs = Math.max(part.anchorMs + unseenMs, part.heldMs) + BUCKET_MS + limitMs;
      const dueMs = Math.max(
        idleMs,
        quietMs + SLICE_MS + unseenMs + longestNoticeMs(limitMs),
        promisedMs(id),
      );
      const lateMs = nowMs - dueMs - TOLERANCE_MS - costSince(part.activeMs, "lateMs");
      must(lateMs <= 0, () => `(b) ${id} is overdue by ${lateMs} ms, active ${part.activeMs}`);
    }
    const { maxLoginMs } = applied.limits;
    if (applied.exempt || !Number.isFinite(maxLoginMs)) return;
    const overMs = host.bootMs() - story.bootMs - maxLoginMs;
    const noticeEndsMs = Math.max(quietMs + SLICE_MS + longestNoticeMs(maxLoginMs), promisedMs(WHOLE_LOGIN));
    const lateMs = Math.min(overMs, nowMs - noticeEndsMs);
    must(lateMs <= TOLERANCE_MS + costSince(0, "lateMs"), () => `(b) the login is too old by ${lateMs} ms`);
  }

  /** When a notice that stands promised the end. */
  function promisedMs(id: string): number {
    const notice = notices.get(id);
    return notice ? notice.sinceMs + notice.windowMs : 0;
  }

  /** How long a login may go unlooked-at. */
  function untilLookMs(): number {
    return lastLook ? Math.min(earliestDueMs(applied.limits), HOUR_MS) : SLICE_MS;
  }

  function limitMsOf(id: string): number {
    const { exempt, limits } = applied;
    if (exempt) return Number.POSITIVE_INFINITY;
    if (id === WHOLE_LOGIN) return limits.maxLoginMs;
    return id === LOGIN_SUBJECT ? limits.noTerminalMs : limits.idleTimeoutMs;
  }

  function longestNoticeMs(limitMs: number): number {
    return Math.max(0, ...applied.limits.warnBeforeMs.filter((ms) => ms < limitMs));
  }

  /** What a check leaves when it sleeps or goes. */
  function saved(memory: Memory): void {
    must(memory.history.length <= MOST_EVENTS, () => `(d) ${memory.history.length} events are remembered`);
    for (const id of Object.keys(memory.subjects)) must(lookedAt.has(id), () => `(d) ${id} is remembered`);
    for (const id of Object.keys(memory.standing))
      must(id === WHOLE_LOGIN || lookedAt.has(id), () => `(d) a notice on ${id} is remembered`);
    if (endings === 0 && memory.history.length < MOST_EVENTS / 2) return;
    must(serialise(memory).length <= MOST_BYTES, () => "(d) the memory is too large");
  }

  return { happened, looked, saved, mustNotBeOverdue, endings: () => endings };
}

function must(holds: boolean, fault: () => string): void {
  if (!holds) throw new Error(fault());
}
