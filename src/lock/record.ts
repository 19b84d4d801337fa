// What a locker did to a terminal, in a file that a shell can read too: whoever finds the locker gone can undo it. The file is complete
// before the first process is stopped.
import { existsSync, linkSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { directoryNameOf, type Login } from "../login/login.ts";
import type { ProcessRef } from "../login/process.ts";
import { makeFile } from "../system/make-file.ts";
import { makeOwn } from "../system/own-directory.ts";
import { RUN_DIRECTORY } from "../system/paths.ts";
import { readRoots } from "../system/read-roots.ts";
import { sttyForm } from "./stty-form.ts";

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

/** A record that is longer is not ours. */
const MOST_BYTES = 64 << 10;

/** The path of the record of pts/N of a login, whose state directory this is. */
export function recordFile(stateDirectory: string, number: number): string {
  return `${stateDirectory}/lock-${number}`;
}

/** The text of a record. `pam/watchdog` reads it too; without its last line it is not complete. */
export function formatRecord(record: LockRecord): string {
  const { number, locker, sinceMs, cause, wrongAnswers, termios, owner, stopped } = record;
  const lines = [
    "version 1",
    `pts ${number}`,
    `locker ${wordsOf(locker)}`,
    `since ${Math.round(sinceMs)}`,
    `cause ${cause}`,
    `tries ${wrongAnswers}`,
    `termios ${termios}`,
    `stty ${sttyForm(Buffer.from(termios, "hex"))}`,
    `owner ${owner.uid} ${owner.gid} ${owner.mode.toString(8)}`,
    ...stopped.map((ref) => `stopped ${wordsOf(ref)}`),
    "end",
  ];
  return `${lines.join("\n")}\n`;
}

function wordsOf({ pid, startTicks }: ProcessRef): string {
  return `${pid} ${startTicks}`;
}

/**
 * Writes a record whole, by a rename. Makes its directory again if somebody has emptied /run. Throws if it cannot be written, or if it would
 * be too long to be read.
 */
export function writeRecord(stateDirectory: string, record: LockRecord): void {
  renameSync(prepareRecord(stateDirectory, record), recordFile(stateDirectory, record.number));
}

/** Writes the first record of a lock: of several lockers at the same moment one succeeds. Throws as `writeRecord`, and if there is a record. */
export function claimRecord(stateDirectory: string, record: LockRecord): void {
  const temporary = prepareRecord(stateDirectory, record);
  try {
    linkSync(temporary, recordFile(stateDirectory, record.number));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? new Error("already locked") : error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Writes a record under another name, and returns that. */
function prepareRecord(stateDirectory: string, record: LockRecord): string {
  const text = formatRecord(record);
  if (text.length > MOST_BYTES) throw new Error(`${record.stopped.length} processes are too many to stop`);
  makeOwn(dirname(stateDirectory), 0o755);
  makeOwn(stateDirectory, 0o700);
  // The name of no record: readers take each `lock-*`.
  const temporary = `${stateDirectory}/.lock-${record.number}-${process.pid}`;
  rmSync(temporary, { force: true });
  makeFile(temporary, text, 0o600);
  return temporary;
}

/** Removes what stands in the place of the record of pts/N and is none, such as that of an afkill to come. */
export function removeNoRecord(stateDirectory: string, number: number): void {
  // In this order: a record that comes meanwhile stays.
  if (existsSync(recordFile(stateDirectory, number)) && !readRecord(stateDirectory, number))
    removeRecord(stateDirectory, number);
}

/** Removes the record of pts/N. */
export function removeRecord(stateDirectory: string, number: number): void {
  rmSync(recordFile(stateDirectory, number), { force: true });
}

/** The directory where root's watchdog keeps the records of a login. */
export function stateDirectoryOf(login: Pick<Login, "privileged" | "server">): string {
  return `${RUN_DIRECTORY}/${directoryNameOf(login)}`;
}

/** The records of a login's locked terminals, whether their lockers live or not. What is no record of root's, or not complete, is left out. */
export function locksOf(login: Pick<Login, "privileged" | "server">): LockRecord[] {
  return locksIn(stateDirectoryOf(login));
}

/** The same, for a state directory. */
export function locksIn(stateDirectory: string): LockRecord[] {
  return namesIn(stateDirectory).flatMap((name) => {
    const number = /^lock-(\d{1,7})$/.exec(name)?.[1];
    const record = number === undefined ? undefined : readRecord(stateDirectory, Number(number));
    return record ? [record] : [];
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** The record of pts/N; `undefined` if there is none, it is not root's own regular file, or it is not complete. */
export function readRecord(stateDirectory: string, number: number): LockRecord | undefined {
  const text = readRoots(recordFile(stateDirectory, number), MOST_BYTES);
  const record = text === undefined ? undefined : parseRecord(text);
  return record?.number === number ? record : undefined;
}

const HEAD =
  /^version 1\npts (\d{1,7})\nlocker (\d{1,10}) (\d{1,15})\nsince (\d{1,15})\ncause (idle|user|administrator)\ntries (\d{1,9})\ntermios ([0-9a-f]{72})\nstty [0-9a-f:]{1,300}\nowner (\d{1,10}) (\d{1,10}) ([0-7]{1,4})\n/;
const BODY = /^((?:stopped \d{1,10} \d{1,15}\n)*)end\n$/;

/** Parses a record; `undefined` if it has another form or is not complete. */
export function parseRecord(text: string): LockRecord | undefined {
  const head = HEAD.exec(text);
  const body = head && BODY.exec(text.slice(head[0].length));
  if (!head || !body) return undefined;
  const [, number, pid, startTicks, since, cause, tries, termios = "", uid, gid, mode = ""] = head;
  const stopped = [...(body[1] ?? "").matchAll(/(\d+) (\d+)/g)];
  return {
    number: Number(number),
    locker: { pid: Number(pid), startTicks: Number(startTicks) },
    sinceMs: Number(since),
    cause: cause as LockCause,
    wrongAnswers: Number(tries),
    termios,
    owner: { uid: Number(uid), gid: Number(gid), mode: Number.parseInt(mode, 8) },
    stopped: stopped.map(([, at, ticks]) => ({ pid: Number(at), startTicks: Number(ticks) })),
  };
}
