// Whether people use a connection besides its terminals, judged by what it has moved. Pure. Times on the boot clock, in ms.
//
// A program's heartbeat (an editor left open, a pool of database connections) moves payload too. It counts as use, unless the policy says
// `heartbeats = false`. Then equal amounts through a forwarded port at equal distances in time are no use. Only looks that are a second
// apart can see this.
import type { Traffic } from "./traffic.ts";

/** Something that moved, between two looks or within one. */
export interface Burst {
  /** When its last byte moved at the latest. */
  readonly atMs: number;
  /** It may have moved up to so much earlier. */
  readonly blurMs: number;
  /** Bytes through what is forwarded. */
  readonly bytes: number;
  /** The last use before it; 0 for none. */
  readonly usedBeforeMs: number;
  /** Nobody looked closely between the burst before and this one. */
  readonly follows: boolean;
}

/** What is remembered of a connection between two looks. */
export interface UseState {
  readonly last: Traffic;
  /** When people last used it; 0 for never. */
  readonly usedAtMs: number;
  /** What that use was, in words. The source is `input` for what somebody typed into a login without a terminal. */
  readonly detail: string;
  readonly source: "input" | "transfer";
  /** What moved lately while looks were close together, oldest first. */
  readonly bursts: readonly Burst[];
  /** Looks have been close together since the last burst: every burst since then has been seen. */
  readonly isUnbroken: boolean;
  /** What moved while looks were far apart, before the bursts that are not judged yet. */
  readonly lump?: Lump | undefined;
  /** Bytes of output shortly before the last look. A terminal may answer them after it. `undefined` for none. */
  readonly askedBytes?: number | undefined;
  /** Since when looks are close together, to tell a person from a heartbeat. `undefined` while this is not needed. */
  readonly closeSinceMs?: number | undefined;
}

/** All that moved between two looks that are far apart: nobody saw in how many bursts. */
export interface Lump {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
  readonly usedBeforeMs: number;
}

/** What else counts, as the login is now. */
export interface Channels {
  /** The login has a terminal: bytes to the client may be its output. */
  readonly hasTerminals: boolean;
  /**
   * What payload is if it went through none of the open forwarded connections: input for a command, bytes of a connection that has closed,
   * or keys of a terminal, which are no use of the connection.
   */
  readonly rest: "command" | "forwarded" | "keys";
  /**
   * A terminal that reads lines has had output, and its program may have asked the terminal something. Then the rest may be answers, up to
   * the size that answers can have. If the terminal reads single keys, answers show as input.
   */
  readonly mayBeAnswers: boolean;
  /** The policy counts forwarded connections and the output of commands. */
  readonly transferCounts: boolean;
  /** The policy counts a heartbeat as use: none is looked for. */
  readonly heartbeatsCount: boolean;
}

/** Looks no farther apart than this see each burst alone. */
const CLOSE_MS = 2_500;
/** A heartbeat is small: a question and an answer. Anything larger is use, however regular. */
const HEARTBEAT_BYTES = 1_024;
/** More bytes than this between two looks are no heartbeat, however far apart the looks are. */
const MOST_OF_A_LUMP_BYTES = 1_000_000;
/** So many equal bursts are a heartbeat. Two are a coincidence. */
const LEAST_BEATS = 3;
const MOST_BURSTS = 8;
/** Bytes that follow within this time belong to the same burst. */
const ONE_BURST_MS = 600;
/** A program's timer is as exact as this. */
const JITTER_MS = 300;
const JITTER_SHARE = 0.03;
/** A terminal answers a question of three bytes with about forty. */
const ANSWER_BYTES_PER_BYTE = 16;
/** Close looks go on for at most so long. */
const CLOSE_LOOKS_MS = 60_000;
/** Output of a command counts from this rate on. A slower output is a log that somebody forgot. */
const OUTPUT_BYTES_PER_S = 1_000;
const LEAST_OUTPUT_BYTES = 4_096;

/** The state after one more look. `before` is `undefined` at the first look, which has nothing to compare with. */
export function useAfter(state: UseState | undefined, now: Traffic, channels: Channels): UseState {
  if (!state)
    return {
      last: now,
      usedAtMs: 0,
      detail: "",
      source: "transfer",
      bursts: [],
      isUnbroken: false,
      // A login that forwards something is in use, or a heartbeat goes through it: close looks can begin without a lump.
      ...(!channels.heartbeatsCount && Object.keys(now.forwarded).length > 0 && { closeSinceMs: now.bootMs }),
    };
  const before = { ...state, last: withoutMonitor(state.last, now) };
  const openBytes = channels.transferCounts ? grownBy(before.last.forwarded, now.forwarded) : 0;
  const outBytes = Math.max(0, now.outBytes - before.last.outBytes - openBytes);
  const askedBytes = channels.mayBeAnswers ? outBytes : 0;
  const answerBytes = ANSWER_BYTES_PER_BYTE * (askedBytes + (before.askedBytes ?? 0));
  const moved = movedBetween(before.last, now, channels, { openBytes, outBytes, answerBytes });
  const isClose = now.bootMs - before.last.bootMs <= CLOSE_MS;
  const known = { ...before, askedBytes, isUnbroken: before.isUnbroken && isClose };
  const next = !moved
    ? { ...known, last: unmoved(before.last, now) }
    : isClose
      ? afterBurst(known, now, moved, channels)
      : afterLump(known, now, moved, channels);
  if (channels.heartbeatsCount) return { ...next, closeSinceMs: undefined };
  return withCloseLooks(next, now, moved !== undefined && !isClose && mayBeHeartbeat(moved));
}

/**
 * Counters to compare those of now with. Without its monitor all that sshd ever exchanged with it seems to have moved at once: then only
 * what forwarded connections moved can be told.
 */
function withoutMonitor(last: Traffic, now: Traffic): Traffic {
  if (!last.hasMonitor || now.hasMonitor) return last;
  const { inBytes, mostInBytes, outBytes } = now;
  return { ...last, inBytes, mostInBytes, outBytes };
}

/** Whether looks must be close together now. */
export function needsCloseLooks({ closeSinceMs }: UseState): boolean {
  return closeSinceMs !== undefined;
}

interface Moved {
  readonly upBytes: number;
  readonly throughBytes: number;
  readonly downBytes: number;
  /** When the last byte moved at the latest, and how much earlier it may have been. */
  readonly atMs: number;
  readonly blurMs: number;
}

/**
 * The counters to compare the next look with, after a look that showed no use. If payload may still have been on its way, the next look can
 * tell. Bytes that were no payload never become any.
 */
function unmoved(before: Traffic, now: Traffic): Traffic {
  if (now.inBytes > before.mostInBytes) return now;
  return { ...now, mostInBytes: Math.min(before.mostInBytes, now.mostInBytes) };
}

/**
 * What people may have moved between two looks; `undefined` for nothing. `openBytes`: bytes through the open forwarded connections.
 * `outBytes`: other bytes to the client. `answerBytes`: so many bytes from the client can be answers of a terminal.
 */
function movedBetween(
  before: Traffic,
  now: Traffic,
  channels: Channels,
  { openBytes, outBytes, answerBytes }: { openBytes: number; outBytes: number; answerBytes: number },
): Moved | undefined {
  const { hasTerminals, rest, transferCounts } = channels;
  const restBytes = rest === "keys" ? 0 : restBetween(before, now, answerBytes);
  const upBytes = rest === "command" ? restBytes : 0;
  const throughBytes = rest === "forwarded" ? openBytes + restBytes : openBytes;
  const downBytes = hasTerminals || !transferCounts ? 0 : outBytes;
  const spanMs = Math.max(1, now.bootMs - before.bootMs);
  const isOutput = downBytes >= Math.max(LEAST_OUTPUT_BYTES, (OUTPUT_BYTES_PER_S * spanMs) / 1000);
  if (throughBytes === 0 && upBytes === 0 && !isOutput) return undefined;
  const sinceMs = Math.min(
    isOutput || restBytes > 0 ? now.sinceClientMs : Number.POSITIVE_INFINITY,
    isOutput || openBytes > 0 ? now.sinceForwardedMs : Number.POSITIVE_INFINITY,
  );
  const atMs = Math.max(before.bootMs, now.bootMs - (isOutput ? 0 : Math.min(sinceMs, spanMs)));
  // On the client's own connection nobody knows if the last bytes were payload, or an answer to a keepalive.
  const blurMs = restBytes > 0 || isOutput ? Math.min(spanMs, CLOSE_MS) : 0;
  return { upBytes, throughBytes, downBytes: isOutput ? downBytes : 0, atMs, blurMs };
}

/** The sum of what the counters have grown by. A new connection counts whole. One that is gone does not count. */
function grownBy(before: Traffic["forwarded"], now: Traffic["forwarded"]): number {
  let sum = 0;
  for (const [inode, bytes] of Object.entries(now)) sum += Math.max(0, bytes - (before[inode] ?? 0));
  return sum;
}

/** Payload from the client that went through none of the open forwarded connections, if it is more than answers; else 0. */
function restBetween(before: Traffic, now: Traffic, answerBytes: number): number {
  const bytes = now.inBytes - before.mostInBytes - grownBy(before.forwardedIn, now.forwardedIn);
  return bytes > answerBytes ? bytes : 0;
}

/** Only forwarded bytes can be a heartbeat. Input of a command is somebody at work, or cannot be told from that. */
function mayBeHeartbeat({ upBytes, throughBytes, downBytes }: Moved): boolean {
  return downBytes === 0 && upBytes === 0 && throughBytes < MOST_OF_A_LUMP_BYTES;
}

/** Whether a burst goes on in the next look: first a question, then its answer. */
function goesOn(last: Burst, { atMs }: Moved): boolean {
  return atMs - last.atMs <= ONE_BURST_MS;
}

function afterBurst(before: UseState, now: Traffic, moved: Moved, channels: Channels): UseState {
  const last = before.bursts.at(-1);
  const merged = last && before.isUnbroken && goesOn(last, moved) ? last : undefined;
  const burst: Burst = {
    atMs: moved.atMs,
    blurMs: moved.blurMs,
    bytes: moved.throughBytes + (merged?.bytes ?? 0),
    usedBeforeMs: merged?.usedBeforeMs ?? before.usedAtMs,
    follows: merged?.follows ?? before.isUnbroken,
  };
  const bursts = [...(merged ? before.bursts.slice(0, -1) : before.bursts), burst].slice(-MOST_BURSTS);
  const next = { ...before, last: now, bursts, isUnbroken: true };
  const beats = !channels.heartbeatsCount && mayBeHeartbeat(moved) ? beatsAtEnd(bursts) : [];
  const [first] = beats;
  if (!first) return { ...next, usedAtMs: moved.atMs, ...describe(moved, channels) };
  const { lump } = before;
  const isAllHeartbeat = lump && first.usedBeforeMs <= lump.toMs && isExplained(lump, beats);
  return { ...next, usedAtMs: isAllHeartbeat ? lump.usedBeforeMs : first.usedBeforeMs };
}

function afterLump(before: UseState, now: Traffic, moved: Moved, channels: Channels): UseState {
  const lump: Lump = {
    fromMs: before.last.bootMs,
    toMs: now.bootMs,
    bytes: moved.throughBytes,
    usedBeforeMs: before.usedAtMs,
  };
  const isHeartbeat =
    !channels.heartbeatsCount && mayBeHeartbeat(moved) && isExplained(lump, beatsAtEnd(before.bursts));
  if (isHeartbeat) return { ...before, last: now };
  return { ...before, last: now, lump, usedAtMs: moved.atMs, ...describe(moved, channels) };
}

/** The last bursts, as far back as they are equal and evenly spaced: a heartbeat. Empty if they are too few or too large. */
function beatsAtEnd(bursts: readonly Burst[]): readonly Burst[] {
  const last = bursts.at(-1);
  // The last one may still go on.
  const model = bursts.at(-2);
  if (!last || !model || model.bytes > HEARTBEAT_BYTES || last.bytes > model.bytes) return [];
  let first = bursts.length - 1;
  const distances: { ms: number; blurMs: number }[] = [];
  for (let at = bursts.length - 1; at > 0; at--) {
    const [a, b] = [bursts[at - 1], bursts[at]];
    if (!a || !b || a.bytes !== model.bytes) break;
    if (b.follows) {
      const distance = { ms: b.atMs - a.atMs, blurMs: a.blurMs + b.blurMs };
      if (distances.some((it) => !areEqual(it, distance))) break;
      distances.push(distance);
    }
    first = at - 1;
  }
  const beats = bursts.slice(first);
  return beats.length >= LEAST_BEATS && distances.length >= LEAST_BEATS - 1 ? beats : [];
}

function areEqual(a: { ms: number; blurMs: number }, b: { ms: number; blurMs: number }): boolean {
  const blurMs = Math.max(a.blurMs, b.blurMs) / 2;
  return Math.abs(a.ms - b.ms) <= JITTER_MS + JITTER_SHARE * Math.max(a.ms, b.ms) + blurMs;
}

/** Whether a lump is only the beats of a heartbeat that nobody saw one by one. */
function isExplained(lump: Lump, beats: readonly Burst[]): boolean {
  const [first] = beats;
  if (!first) return false;
  const follower = beats.findIndex((it, index) => index > 0 && it.follows);
  const [a, b] = [beats[follower - 1], beats[follower]];
  if (!a || !b) return false;
  const wanted = (lump.toMs - lump.fromMs) / (b.atMs - a.atMs);
  const count = lump.bytes / first.bytes;
  return Number.isInteger(count) && Math.abs(count - wanted) <= 1.5 + JITTER_SHARE * wanted;
}

/** Begins and ends close looks. They end when it is clear whether this is a person or a heartbeat, or after a minute. */
function withCloseLooks(state: UseState, now: Traffic, isDoubtful: boolean): UseState {
  const { closeSinceMs, ...rest } = state;
  const sinceMs = closeSinceMs ?? (isDoubtful ? now.bootMs : undefined);
  if (sinceMs === undefined) return rest;
  const seen = state.bursts.filter(({ atMs }) => atMs > sinceMs);
  const isTold = seen.length > 0 && (beatsAtEnd(state.bursts).length > 0 || areUnlike(seen));
  const isUp = now.bootMs - sinceMs >= CLOSE_LOOKS_MS;
  return isTold || isUp ? rest : { ...rest, closeSinceMs: sinceMs };
}

/** Whether bursts can be no heartbeat. The last burst may still go on, so it is left out. */
function areUnlike(bursts: readonly Burst[]): boolean {
  const [a, b, c] = bursts.slice(-4, -1);
  if (a && a.bytes > HEARTBEAT_BYTES) return true;
  if (!a || !b) return false;
  if (a.bytes !== b.bytes) return true;
  return (
    c !== undefined &&
    b.follows &&
    c.follows &&
    !areEqual(
      { ms: b.atMs - a.atMs, blurMs: a.blurMs + b.blurMs },
      { ms: c.atMs - b.atMs, blurMs: b.blurMs + c.blurMs },
    )
  );
}

function describe(
  { upBytes, throughBytes, downBytes }: Moved,
  { hasTerminals }: Channels,
): Pick<UseState, "detail" | "source"> {
  const [bytes, where] =
    throughBytes >= Math.max(upBytes, downBytes)
      ? [throughBytes, "through what it forwards"]
      : upBytes >= downBytes
        ? [upBytes, "from the client"]
        : [downBytes, "to the client"];
  const isTyped = !hasTerminals && throughBytes === 0 && downBytes === 0;
  return { detail: `${inWords(bytes)} ${where}`, source: isTyped ? "input" : "transfer" };
}

function inWords(bytes: number): string {
  return bytes < 1000 ? `${bytes} bytes` : `${(bytes / 1000).toFixed(1)} kB`;
}
