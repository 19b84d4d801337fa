import { closeSync } from "node:fs";
import { SYSLOG_TEXT_BYTES, visible } from "./lines.ts";

/** The priorities of a line of the system log (syslog(3)), by their numbers. */
const SEVERITIES = { crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type Priority = keyof typeof SEVERITIES;
const LOG_AUTH = 4 << 3;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** A log that takes nothing more is waited for so long, and asked again after each pause. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 20;

/**
 * Writes one line to the system log (facility `auth`, tag `afkill`), with control characters made visible. Resolves when the log has taken
 * it, or will not. There is no other place to complain, so on a host without a system log it is silent. Never throws.
 */
export async function log(priority: Priority, text: string): Promise<void> {
  const line = `<${LOG_AUTH | SEVERITIES[priority]}>${timeOf(new Date())} afkill[${process.pid}]: ${visible(text, SYSLOG_TEXT_BYTES)}`;
  try {
    await send(line);
  } catch {
    // No system log.
  }
}

/** The time as syslog(3) writes it, whatever the locale: `Nov  8 09:05:03`, in the zone of the host. */
function timeOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = String(date.getDate()).padStart(2);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${MONTHS[date.getMonth()]} ${day} ${time}`;
}

async function send(line: string): Promise<void> {
  // Most checks log nothing.
  const { SOCK_DGRAM, SOCK_STREAM } = await import("../system/socket.ts");
  const untilMs = performance.now() + PATIENCE_MS;
  // Nearly every log takes datagrams. On a stream a NUL ends a line, as in glibc's syslog(3).
  if (await sendBy(SOCK_DGRAM, Buffer.from(line), untilMs)) return;
  await sendBy(SOCK_STREAM, Buffer.from(`${line}\0`), untilMs);
}

/** Sends bytes to the log by a socket of one kind. Returns false if the log has another kind. */
async function sendBy(type: number, bytes: Uint8Array, untilMs: number): Promise<boolean> {
  const { AF_UNIX, connectSocket, openSocket, sendNow } = await import("../system/socket.ts");
  const fd = openSocket(AF_UNIX, type);
  try {
    await untilDone(() => isConnected(fd, connectSocket), untilMs);
    let left = bytes;
    await untilDone(() => {
      left = left.subarray(sendNow(fd, left));
      return left.length === 0;
    }, untilMs);
    return true;
  } catch (error) {
    if (codeOf(error) === "EPROTOTYPE") return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** `struct sockaddr_un` of the log (unix(7)): its family and its path. */
const LOG_ADDRESS = Uint8Array.of(1, 0, ...Buffer.from("/dev/log\0"));

/** Connects to the log; false if that takes no more connections now. */
function isConnected(fd: number, connect: (fd: number, address: Uint8Array) => void): boolean {
  try {
    connect(fd, LOG_ADDRESS);
    return true;
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return false;
    throw error;
  }
}

/** Tries again until it worked. Throws if the time is up. */
async function untilDone(isDone: () => boolean, untilMs: number): Promise<void> {
  while (!isDone()) {
    if (performance.now() > untilMs) throw new Error("the system log takes nothing");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}
