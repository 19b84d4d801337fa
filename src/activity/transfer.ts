// Whether the client moves data through the login's own connection, beyond what an idle login sends by itself.
import type { ConnectionCounters } from "./look.ts";

/**
 * What an idle client sends: answers to keepalives (about 1.6 kB a minute if each side sends one every two seconds), and window updates
 * (less than a thousandth of what it receives). Twelve small requests a minute through a forwarded port make 2.8 to 11 kB.
 */
const IDLE_BYTES_PER_MS = 2000 / 60_000;
const IDLE_SHARE_OF_SENT = 0.001;
/** Packets come whole: in a short time a few packets are not yet a rate. */
const FEW_PACKETS_BYTES = 500;

/**
 * From OpenSSH 9.5 on a client hides the rhythm of keys behind made-up keystrokes (ObscureKeystrokeTiming): one packet every 20 ms, for 1
 * to 3.1 s after its terminal sends anything (clientloop.c, `obfuscate_keystroke_timing`). The rest of the 5 s is for packets on their way.
 */
export const KEY_ECHO_MS = 5_000;
/** The largest such packet, with the longest authentication code (hmac-sha2-512). With the default cipher a packet has 36 bytes. */
const MADE_UP_BYTES_PER_MS = 84 / 20;

/** The most bytes that a client makes up in `ms` milliseconds. */
export function madeUpBytes(ms: number): number {
  return MADE_UP_BYTES_PER_MS * ms;
}

/**
 * What the client sent since the base, in words, if that is more than an idle login explains over `windowMs`; else `undefined`. For
 * `echoMs` of that time keystrokes may have been made up. The base must be at least KEY_ECHO_MS younger than the last key.
 */
export function transferSince(
  base: ConnectionCounters,
  now: ConnectionCounters,
  windowMs: number,
  echoMs = 0,
): string | undefined {
  const upBytes = now.receivedBytes - base.receivedBytes;
  const downBytes = Math.max(0, now.sentBytes - base.sentBytes);
  return upBytes > idleBytes(windowMs) + madeUpBytes(echoMs) + IDLE_SHARE_OF_SENT * downBytes
    ? `${inKilobytes(upBytes)} from the client`
    : undefined;
}

/**
 * What moved since the base in either direction, in words, if that is more than keepalives; else `undefined`. For a login without a
 * terminal to draw on.
 */
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
