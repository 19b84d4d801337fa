// What a client has sent that can be keys: evidence that no program inside the login can make by itself.
import { readFileSync } from "node:fs";
import type { ProcessRef } from "../login/process.ts";
import type { Connection } from "./connections.ts";

/**
 * Bytes that a login's sshd has written elsewhere than to its client, give or take a constant of the login: keys to terminals, and
 * data to what is forwarded. Keepalives, their answers, window updates and made-up keystrokes are not in it: sshd takes them itself.
 */
export interface Payload {
  /** At least so many when the look began. */
  readonly least: number;
  /** At most so many when the look was over. */
  readonly most: number;
}

/** Output that is on its way between the two counters blurs the difference: then both are read again, at most so often. */
const MOST_TRIES = 3;

/**
 * Reads the payload so far, which lies between the two numbers: all that sshd wrote (`wchar`, proc_pid_io(5)), without what it wrote
 * to the login's connection. `undefined` where sshd's counters may not be read, as by a user's own watchdog.
 */
export async function readPayload(
  server: ProcessRef,
  connection: () => Promise<Connection | undefined>,
): Promise<Payload | undefined> {
  let narrowest: Payload | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = writtenBytesOf(server.pid);
    const toClient = (await connection())?.writtenBytes;
    const after = writtenBytesOf(server.pid);
    if (before === undefined || after === undefined || toClient === undefined) return undefined;
    const least = Math.max(before - toClient, narrowest?.least ?? Number.NEGATIVE_INFINITY);
    const most = Math.min(after - toClient, narrowest?.most ?? Number.POSITIVE_INFINITY);
    narrowest = { least, most };
    if (before === after) break;
  }
  return narrowest;
}

/** All bytes that a process has written; `undefined` where it is gone, or may not be asked. */
export function writtenBytesOf(pid: number): number | undefined {
  try {
    const bytes = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}
