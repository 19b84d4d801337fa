// When a program last wrote to a terminal: evidence only where a policy asks for it, since a forgotten `top` writes for ever.
import { bucketAtMs, bucketEndS, type ToBootMs } from "./input.ts";
import type { TerminalLook } from "./look.ts";

/** What is remembered of a terminal's output between two looks. */
export interface OutputState {
  readonly modifiedWallS: number;
  /** The last output, on the boot clock; up to 8 s ahead of the look that saw it. */
  readonly atMs: number;
}

/**
 * The last output of a terminal as one more look shows it. `ownWriteWallS`: when a notice of ours was last written to it, in seconds
 * of the wall clock; what moved the time then is not the user's program. Without an earlier look our own write hides what came
 * before it: then it counts as now.
 */
export function outputAt(
  previous: OutputState | undefined,
  look: Pick<TerminalLook, "modifiedWallS">,
  nowMs: number,
  toBootMs: ToBootMs,
  ownWriteWallS: number | undefined,
): OutputState {
  const { modifiedWallS } = look;
  if (modifiedWallS === previous?.modifiedWallS) return previous;
  const isOurs = ownWriteWallS !== undefined && isWrittenAt(modifiedWallS, ownWriteWallS);
  if (isOurs) return { modifiedWallS, atMs: previous?.atMs ?? nowMs };
  const atMs = bucketAtMs(modifiedWallS, nowMs, toBootMs);
  return { modifiedWallS, atMs: Math.max(atMs, previous?.atMs ?? atMs) };
}

/**
 * Whether a time is the one that our write left: it lies in the bucket of the write, or in the one before, as a write can be noted
 * a moment later. Older times are not ours, whatever their order: the wall clock may have been set back since.
 */
function isWrittenAt(modifiedWallS: number, writeWallS: number): boolean {
  const bucketsApart = (bucketEndS(writeWallS) - bucketEndS(modifiedWallS)) / 8;
  return bucketsApart === 0 || bucketsApart === 1;
}
