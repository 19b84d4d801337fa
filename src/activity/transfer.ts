// Whether the client moves data through the login's own connection, beyond what an idle login sends by itself.
import type { ConnectionCounters } from "./look.ts";

/**
 * What an idle client sends: answers to keepalives (with one every two seconds each way some 1.6 kB a minute), and window updates,
 * less than a thousandth of what it receives. Twelve small requests a minute through a forwarded port make 2.8 to 11 kB.
 */
const IDLE_BYTES_PER_MS = 2000 / 60_000;
const IDLE_SHARE_OF_SENT = 0.001;
/** Packets come whole: over a short time a few of them are no rate. */
const FEW_PACKETS_BYTES = 500;

/**
 * What the client sent since the base, in words, if that is more than an idle login explains over `windowMs`; else `undefined`.
 * The base must be at least 5 s younger than the last key: newer clients hide the rhythm of typing behind made-up keystrokes.
 */
export function transferSince(
  base: ConnectionCounters,
  now: ConnectionCounters,
  windowMs: number,
): string | undefined {
  const upBytes = now.receivedBytes - base.receivedBytes;
  const downBytes = Math.max(0, now.sentBytes - base.sentBytes);
  return upBytes > idleBytes(windowMs) + IDLE_SHARE_OF_SENT * downBytes
    ? `${inKilobytes(upBytes)} from the client`
    : undefined;
}

/** What moved since the base in either direction, in words, if that is more than keepalives: for a login that has no terminal to draw on. */
export function movedSince(
  base: ConnectionCounters,
  now: ConnectionCounters,
  windowMs: number,
): string | undefined {
  const downBytes = now.sentBytes - base.sentBytes;
  if (downBytes > idleBytes(windowMs)) return `${inKilobytes(downBytes)} to the client`;
  return transferSince(base, now, windowMs);
}

function idleBytes(windowMs: number): number {
  return Math.max(IDLE_BYTES_PER_MS * windowMs, FEW_PACKETS_BYTES);
}

function inKilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
