// When somebody last typed. The kernel notes reads of a terminal in steps of 8 seconds. It does not note keys that no program reads.
import { type BootMs, BUCKET_MS } from "../system/clock.ts";
import type { TerminalLook } from "./look.ts";
import type { Payload } from "./payload.ts";

/** What is remembered of a terminal's input between two looks. */
export interface InputState {
  readonly accessedWallS: number;
  readonly unreadBytes: readonly number[];
  /** The last input, on the boot clock. It can be up to 8 s later than the look that saw it. */
  readonly atMs: number;
  /** The payload at the last input that counted, if the policy believes no times without payload. */
  readonly payloadBytes?: number | undefined;
}

/** Maps a time of the wall clock (seconds) to the boot clock (ms); `undefined` when the clock never showed it. */
export type ToBootMs = (wallS: number) => BootMs | undefined;

/** A key can seem to come a little before the look that shows it: clocks are read to 10 ms and mapped to whole seconds. */
const ROUNDING_MS = 1000;

/**
 * The end of the 8-second bucket of a terminal's time, in seconds (drivers/tty/tty_io.c, `tty_update_time`). The time changes only when
 * another bucket begins. So it is that of the first event in the bucket, and the last event can lie anywhere up to the end.
 */
export function bucketEndS(wallS: number): number {
  return wallS - modulo8(wallS) + 8;
}

function modulo8(seconds: number): number {
  return ((seconds % 8) + 8) % 8;
}

/**
 * A time of a terminal on the boot clock, in ms, never too early: the end of its bucket, which can be up to 8 s ahead. If the clock never
 * showed that time (a `touch`, a step that nobody noted) it could stand for any moment: it counts as now.
 */
export function bucketAtMs(wallS: number, nowMs: BootMs, toBootMs: ToBootMs): BootMs {
  const atMs = toBootMs(bucketEndS(wallS));
  return atMs === undefined ? nowMs : Math.min(atMs, nowMs + BUCKET_MS + ROUNDING_MS);
}

/**
 * The last input of a terminal after one more look. A read moves the access time. Keys that no program has read change the number of unread
 * bytes; at a first look any number but 0 counts. The result is never earlier than what was known before.
 *
 * With `payload`, none of this counts unless the client has sent something since the last input that counted. Each payload stands for one
 * key: if a program reads the key later, the key has already counted by its unread byte, or its payload is still unused.
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

/** Whether the client can have sent a key since the last one that counted. True if that is not known. */
function isBorneOut({ payloadBytes }: InputState, payload: Payload | undefined): boolean {
  return payload === undefined || payloadBytes === undefined || payload.most > payloadBytes;
}

/** Whether two lists of counts differ. A terminal that is not there has 0 unread bytes. */
function differ(a: readonly number[], b: readonly number[]): boolean {
  const longer = a.length > b.length ? a : b;
  return longer.some((_, index) => (a[index] ?? 0) !== (b[index] ?? 0));
}
