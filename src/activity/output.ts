// When a program last wrote to a terminal. This is evidence only if a policy asks for it, since a forgotten `top` writes for ever. What
// afkill itself writes leaves no such time behind (see notice/output-time.ts).
import { bucketAtMs, type ToBootMs } from "./input.ts";
import type { TerminalLook } from "./look.ts";

/** What is remembered of a terminal's output between two looks. */
export interface OutputState {
  readonly modifiedWallS: number;
  /** The last output, on the boot clock. It can be up to 8 s later than the look that saw it. */
  readonly atMs: number;
}

/** The last output of a terminal after one more look. Never earlier than what was known before. */
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
