// Bytes that processes have written, and bytes from a client that can be keys.
import { readFileSync } from "node:fs";

/**
 * Bytes from the client without those that sshd takes for itself, at the beginning (`least`) and the end (`most`) of a look. They may be
 * keys. No program inside the login can make them by itself.
 */
export interface Payload {
  readonly least: number;
  readonly most: number;
}

/** All bytes that a process has written (`wchar`, proc_pid_io(5)); `undefined` if it is gone, or we may not ask. */
export function writtenBytesOf(pid: number): number | undefined {
  try {
    const bytes = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}
