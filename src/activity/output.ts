// When a program last wrote to a terminal: evidence only where a policy asks for it, since a forgotten `top` writes for ever. What
// afkill writes itself leaves no such time behind (see notice/output-time.ts).
import { bucketAtMs, type ToBootMs } from "./input.ts";
import type { TerminalLook } from "./look.ts";

/** What is remembered of a terminal's output between two looks. */
export interface OutputState {
  readonly modifiedWallS: number;
  /** The last output, on the boot clock; up to 8 s ahead of the look that saw it. */
  readonly atMs: number;
}

/** The last output of a terminal as one more look shows it. Never earlier than what was known before. */
export function outputAt(
  previous: OutputState | undefined,
  look: Pick<TerminalLook, "modifiedWallS">,
  nowMs: number,
  toBootMs: ToBootMs,
): OutputState {
  const { modifiedWallS } = look;
  if (modifiedWallS === previous?.modifiedWallS) return previous;
  const atMs = bucketAtMs(modifiedWallS, nowMs, toBootMs);
  return { modifiedWallS, atMs: Math.max(atMs, previous?.atMs ?? atMs) };
}
