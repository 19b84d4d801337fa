// Bytes that processes have written, and what a client has sent that can be keys.
import { readFileSync } from "node:fs";

/**
 * What the client had sent beside what sshd takes itself, between the beginning and the end of a look: payload that may be keys. No
 * program inside the login can make it by itself.
 */
export interface Payload {
  readonly least: number;
  readonly most: number;
}

/** All bytes that a process has written (`wchar`, proc_pid_io(5)); `undefined` where it is gone, or may not be asked. */
export function writtenBytesOf(pid: number): number | undefined {
  try {
    const bytes = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}
