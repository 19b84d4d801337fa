// Undoes the locks of a login whose lockers are gone: killed, or ended by a fault. Nothing may stay stopped.
import { closeSync, rmSync } from "node:fs";
import type { Login } from "../login/login.ts";
import { isAlive } from "../login/process.ts";
import { openTerminal, type Terminal, terminalsOf } from "../login/terminal.ts";
import { letContinue } from "../notice/freeze.ts";
import { isTaken } from "./attributes.ts";
import { doorOf } from "./door.ts";
import { giveBack } from "./give-back.ts";
import { type LockRecord, locksIn, removeRecord, stateDirectoryOf } from "./record.ts";
import { keptScreenState, removeScreenState } from "./screen-file.ts";

/** Undoes the locks of a login that nobody holds any more. Returns the ids of these terminals: `pts/3`. Never throws. */
export async function restoreLocks(
  login: Login,
  stateDirectory: string = stateDirectoryOf(login),
): Promise<readonly string[]> {
  const orphans = locksIn(stateDirectory).filter(({ locker }) => !isAlive(locker));
  const terminals = orphans.length > 0 ? terminalsSafely(login) : [];
  for (const record of orphans) {
    const terminal = terminals.find(({ id }) => id === idOf(record));
    if (!(terminal && (await restoreTerminal(terminal, record, stateDirectory)))) letContinue(record.stopped);
    removeRecord(stateDirectory, record.number);
    removeScreenState(stateDirectory, record.number);
    rmSync(doorOf(record.number), { force: true });
  }
  return orphans.map(idOf);
}

function idOf({ number }: LockRecord): string {
  return `pts/${number}`;
}

function terminalsSafely(login: Login): readonly Terminal[] {
  try {
    return terminalsOf(login);
  } catch {
    return [];
  }
}

/** Returns whether the terminal was given back. If not, it has gone or was never taken, or it is a later one with its number. */
async function restoreTerminal(
  terminal: Terminal,
  record: LockRecord,
  stateDirectory: string,
): Promise<boolean> {
  try {
    const fd = openTerminal(terminal);
    try {
      if (!isTaken(fd)) return false;
      // Without that file the screen was not taken yet.
      const screen = keptScreenState(stateDirectory, record.number);
      await giveBack({ terminal, fd, kept: record, screen }, () => letContinue(record.stopped));
      return true;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
