// Takes a terminal from its programs and from whoever sits at it, step by step; if a step fails, everything is given back.
import { closeSync } from "node:fs";
import type { Login } from "../login/login.ts";
import { isAlive, thisProcess } from "../login/process.ts";
import { minorOf, openTerminal, type Terminal, terminalsOf } from "../login/terminal.ts";
import { evidenceOf, formFor } from "../notice/choose.ts";
import { insideEvidence } from "../notice/inside.ts";
import { namesOf, ownerOf } from "../notice/owner.ts";
import { CLOCK_BOOTTIME, clockMs } from "../system/libc.ts";
import { LOCAL_AT, OUTPUT_AT } from "../system/tty-lock.ts";
import * as attributes from "./attributes.ts";
import { giveBack, type Taken } from "./give-back.ts";
import { type Hold, holdTerminal } from "./hold.ts";
import type { LockOrder } from "./order.ts";
import { askTerminal, guessedState, type ScreenState } from "./questions.ts";
import {
  claimRecord,
  type LockRecord,
  readRecord,
  removeNoRecord,
  removeRecord,
  writeRecord,
} from "./record.ts";
import { restoreLocks } from "./restore.ts";
import { keepScreenState, removeScreenState } from "./screen-file.ts";
import { ioOf } from "./terminal-io.ts";

/** A terminal that is ours. */
export interface Seized extends Taken {
  readonly hold: Hold;
  readonly screen: ScreenState;
  /** The record as it is on disk. */
  readonly record: () => LockRecord;
  /** Writes the record again, with so many wrong answers. Throws if that fails. */
  readonly note: (wrongAnswers: number) => void;
  /** Gives everything back and forgets the record. Returns what failed. Never throws. Call it once. */
  readonly release: () => Promise<readonly string[]>;
}

/** Takes a terminal. Throws, with everything as it was, if that is not possible. */
export async function seize(order: LockOrder): Promise<Seized> {
  const { login, stateDirectory } = order;
  const terminal = find(login, order.terminal);
  const number = minorOf(terminal.deviceNumber);
  await clearWay(login, stateDirectory, number);
  const fd = openTerminal(terminal);
  let before: attributes.Kept;
  let record: LockRecord;
  try {
    before = attributes.keep(fd);
    record = newRecord(order, number, before);
    claimRecord(stateDirectory, record);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let hold: Hold | undefined;
  let taken: Taken | undefined;
  const release = async () => {
    const thaw = () => hold?.release();
    const failures = taken ? await giveBack(taken, thaw) : [];
    thaw();
    removeRecord(stateDirectory, number);
    removeScreenState(stateDirectory, number);
    closeSync(fd);
    return failures;
  };
  try {
    const write = (change: Partial<LockRecord>) => {
      record = { ...record, ...change };
      writeRecord(stateDirectory, record);
    };
    const takeAlone = () => {
      taken = { terminal, fd, kept: before, screen: undefined };
      attributes.takeAlone(fd, before);
    };
    hold = await holdTerminal({ login, terminal, fd }, (stopped) => write({ stopped }), takeAlone);
    // The programs may have changed their attributes until they were stopped. The owner may be root by now.
    const kept = { ...attributes.keep(fd), ...(taken && { owner: before.owner }) };
    write(kept);
    taken = { terminal, fd, kept, screen: undefined };
    taken = { ...taken, halfTyped: attributes.take(fd, kept) };
    const screen = (await askTerminal(ioOf(fd))) ?? guess(terminal, kept);
    keepScreenState(stateDirectory, number, screen);
    taken = { ...taken, screen };
    const note = (wrongAnswers: number) => write({ wrongAnswers });
    return { terminal, fd, kept, screen, hold, record: () => record, note, release };
  } catch (error) {
    await release();
    throw error;
  }
}

function find(login: Login, id: string): Terminal {
  const terminal = terminalsOf(login).find((it) => it.id === id);
  if (!terminal) throw new Error(`${id} is gone`);
  return terminal;
}

/** What a locker that is gone left behind is undone first. Throws if the terminal has a living locker. */
async function clearWay(login: Login, stateDirectory: string, number: number): Promise<void> {
  const record = readRecord(stateDirectory, number);
  if (record && isAlive(record.locker)) throw new Error("already locked");
  if (record) await restoreLocks(login, stateDirectory);
  else removeNoRecord(stateDirectory, number);
  removeScreenState(stateDirectory, number);
}

function newRecord(order: LockOrder, number: number, kept: attributes.Kept): LockRecord {
  const sinceMs = clockMs(CLOCK_BOOTTIME);
  return {
    number,
    locker: thisProcess(),
    sinceMs,
    cause: order.cause,
    wrongAnswers: 0,
    ...kept,
    stopped: [],
  };
}

/** For a terminal that answers no questions: the form that a notice would have there. */
function guess(terminal: Terminal, { termios }: attributes.Kept): ScreenState {
  const bytes = Buffer.from(termios, "hex");
  const flags = { output: bytes.readUInt32LE(OUTPUT_AT), local: bytes.readUInt32LE(LOCAL_AT) };
  const owner = ownerOf(terminal);
  const inside = owner && insideEvidence(terminal, owner);
  return guessedState(formFor(inside ?? evidenceOf(flags, owner ? namesOf(owner) : [])));
}
