// When somebody last typed. The kernel notes a terminal's reads to 8 seconds, and keys that no program reads not at all.
import { type BootMs, BUCKET_MS } from "../system/clock.ts";
import type { TerminalLook } from "./look.ts";
import type { Payload } from "./payload.ts";

/** What is remembered of a terminal's input between two looks. */
export interface InputState {
  readonly accessedWallS: number;
  readonly unreadBytes: readonly number[];
  /** The last input, on the boot clock; up to 8 s ahead of the look that saw it. */
  readonly atMs: number;
  /** The payload that counted last, where the policy believes no times without one. */
  readonly payloadBytes?: number | undefined;
}

/** Maps a time of the wall clock (seconds) to the boot clock (ms); `undefined` when the clock never showed it. */
export type ToBootMs = (wallS: number) => BootMs | undefined;

/** A key can come a little before the look that shows it, by clocks that are read to 10 ms and mapped to whole seconds. */
const ROUNDING_MS = 1000;

/**
 * The end of the 8-second bucket that a terminal's time stands for (drivers/tty/tty_io.c, `tty_update_time`): it moves only when
 * another bucket begins, so the event it stands for is the first one there, and the last one can lie anywhere up to the end.
 */
export function bucketEndS(wallS: number): number {
  return wallS - modulo8(wallS) + 8;
}

function modulo8(seconds: number): number {
  return ((seconds % 8) + 8) % 8;
}

/**
 * A time of a terminal on the boot clock, never early: the end of its bucket, which may lie up to 8 s ahead. A time that the clock
 * never showed (a `touch`, a step that nobody noted) could stand for any moment: it counts as now.
 */
export function bucketAtMs(wallS: number, nowMs: BootMs, toBootMs: ToBootMs): BootMs {
  const atMs = toBootMs(bucketEndS(wallS));
  return atMs === undefined ? nowMs : Math.min(atMs, nowMs + BUCKET_MS + ROUNDING_MS);
}

/**
 * The last input of a terminal as one more look shows it. Reads move the access time; keys that no program has read show as a number
 * of unread bytes that changed, or at a first look as one that is not 0. Never earlier than what was known before.
 *
 * Given the payload, none of that counts unless the client has sent something since the last time that counted. One key each: a key
 * whose program reads it later has counted by its unread byte, or keeps its credit.
 */
export function inputAt(
  previous: InputState | undefined,
  look: Pick<TerminalLook, "accessedWallS" | "unreadBytes">,
  { nowMs, toBootMs }: { readonly nowMs: BootMs; readonly toBootMs: ToBootMs },
  payload?: Payload,
): InputState {
  const { accessedWallS, unreadBytes = previous?.unreadBytes ?? [] } = look;
  const seen = { accessedWallS, unreadBytes };
  if (previous && !isBorneOut(previous, payload)) return { ...previous, ...seen };
  const found = previous ? [previous.atMs] : [];
  if (differ(previous?.unreadBytes ?? [], unreadBytes)) found.push(nowMs);
  if (accessedWallS !== previous?.accessedWallS) found.push(bucketAtMs(accessedWallS, nowMs, toBootMs));
  const isNew = found.length > (previous ? 1 : 0);
  const payloadBytes = isNew ? payload?.least : previous?.payloadBytes;
  return { ...seen, atMs: Math.max(...found), ...(payloadBytes !== undefined && { payloadBytes }) };
}

/** Whether the client can have sent a key since the last one that counted. Not knowing, it can. */
function isBorneOut({ payloadBytes }: InputState, payload: Payload | undefined): boolean {
  return payload === undefined || payloadBytes === undefined || payload.most > payloadBytes;
}

/** Whether two sets of counts differ; a terminal that is not there has nothing unread. */
function differ(a: readonly number[], b: readonly number[]): boolean {
  const longer = a.length > b.length ? a : b;
  return longer.some((_, index) => (a[index] ?? 0) !== (b[index] ?? 0));
}
