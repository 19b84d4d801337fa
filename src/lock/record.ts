// What a locker did to a terminal, in a file that a shell can read too: whoever finds the locker gone can undo it. The file is complete
// before the first process is stopped.
import { directoryNameOf, type Login } from "../login/login.ts";
import type { ProcessRef } from "../login/process.ts";
import { RUN_DIRECTORY } from "../system/paths.ts";

/** Why a terminal was locked: nobody typed, its user asked for it, or an administrator did. */
export type LockCause = "idle" | "user" | "administrator";

export interface LockRecord {
  /** N of /dev/pts/N. */
  readonly number: number;
  readonly locker: ProcessRef;
  /** When it was locked, on the boot clock. */
  readonly sinceMs: number;
  readonly cause: LockCause;
  /** How many wrong answers were given since then. */
  readonly wrongAnswers: number;
  /** `struct termios` of the kernel (TCGETS), in hex, as it was before. */
  readonly termios: string;
  /** Owner and mode of the device file, as they were before. */
  readonly owner: { readonly uid: number; readonly gid: number; readonly mode: number };
  /** The processes that are stopped, in the order in which they were stopped. They continue in the reverse order. */
  readonly stopped: readonly ProcessRef[];
}

/** The path of the record of pts/N of a login, whose state directory this is. */
export function recordFile(stateDirectory: string, number: number): string {
  return `${stateDirectory}/lock-${number}`;
}

/** The directory where root's watchdog keeps the records of a login. */
export function stateDirectoryOf(login: Pick<Login, "privileged" | "server">): string {
  return `${RUN_DIRECTORY}/${directoryNameOf(login)}`;
}

/** The records of a login's locked terminals, whether their lockers live or not. */
export function locksOf(_: Pick<Login, "privileged" | "server">): LockRecord[] {
  return [];
}
