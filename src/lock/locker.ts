// Locks one terminal until its user proves who they are, or until it is gone. Whatever happens, it gives the terminal back.
import { hostname } from "node:os";
import { waitReadable } from "../system/wait-readable.ts";
import { reasonOf } from "../text/reason-of.ts";
import { recordLock } from "./audit.ts";
import { type Desk, openDesk } from "./desk.ts";
import { type Ending, unlockRecord } from "./ending.ts";
import { type Face, takeFace } from "./face.ts";
import { type KeptDoor, keepDoor } from "./keep-door.ts";
import type { LockOrder } from "./order.ts";
import { type Probed, probe } from "./probe.ts";
import type { LockFacts } from "./screen-text.ts";
import { type Seized, seize } from "./seize.ts";
import { TerminalGone } from "./terminal-io.ts";
import { hasPassword } from "./usable.ts";
import { wakeWatchdog } from "./wake.ts";
import { MustGiveBack, type Watched, watchOnce } from "./watch.ts";

const TICK_MS = 1_000;
/** While somebody types, so often is asked whether somebody else reads it. */
const PROBE_MS = 100;
const HIDDEN = "a process that cannot be found";
/** After so long without a key nobody types any more. */
const TYPING_MS = 60_000;

/**
 * Locks a terminal and stays until the lock ends. `tell` is told once: `locked`, or `failed REASON`. `stop` ends the lock as a fault.
 * Returns the exit status. Never throws.
 */
export async function runLocker(
  order: LockOrder,
  tell: (line: string) => void,
  stop: AbortSignal,
): Promise<number> {
  let seized: Seized;
  try {
    seized = await seize(order);
  } catch (error) {
    tell(`failed ${reasonOf(error)}`);
    return 1;
  }
  tell("locked");
  const ending = await keepLocked(order, seized, stop);
  const failures = await seized.release();
  await recordEnding(order, ending, failures);
  wakeWatchdog(order.login);
  return ending.kind === "fault" ? 1 : 0;
}

/** Never throws. Afterwards nothing is read from the terminal or written to it. */
async function keepLocked(order: LockOrder, seized: Seized, stop: AbortSignal): Promise<Ending> {
  const end = Promise.withResolvers<Ending>();
  const onStop = () =>
    end.resolve({ kind: "fault", reason: `the locker was ended: ${reasonOf(stop.reason)}` });
  if (stop.aborted) onStop();
  stop.addEventListener("abort", onStop);
  let face: Face | undefined;
  let desk: Desk | undefined;
  let door: KeptDoor | undefined;
  try {
    face = await takeFace(seized);
    const facts = factsOf(order);
    desk = await openDesk({ order, seized, face, facts, onRight: () => end.resolve({ kind: "answered" }) });
    void hasPassword(order.login.user).then(desk.setPassword, () => undefined);
    const { number, sinceMs } = seized.record();
    const doorFacts = { number, uid: order.login.uid, sinceMs };
    door = await keepDoor(doorFacts, (by) => end.resolve({ kind: "asked", by }));
    return await serve({ order, seized, face, desk, door }, end.promise);
  } catch (error) {
    return endingOf(error);
  } finally {
    stop.removeEventListener("abort", onStop);
    door?.[Symbol.dispose]();
    desk?.close();
    await face?.close();
  }
}

function endingOf(error: unknown): Ending {
  return error instanceof TerminalGone ? { kind: "gone" } : { kind: "fault", reason: reasonOf(error) };
}

/** Passes keys on and keeps the terminal locked, until the end. Throws if the terminal is gone, or must be given back. */
async function serve(parts: Watched, end: Promise<Ending>): Promise<Ending> {
  const { fd } = parts.seized;
  let nextMs = 0;
  let lastKeyMs = Number.NEGATIVE_INFINITY;
  let lastReadMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const isAsking = performance.now() - lastKeyMs <= TYPING_MS;
    const leftMs = Math.max(
      1,
      Math.ceil(Math.min(nextMs - performance.now(), isAsking ? PROBE_MS : TICK_MS)),
    );
    const come = await Promise.race([end, waitReadable(fd, leftMs)]);
    // The wait may go on, but nothing is read any more.
    if (typeof come === "object") return come;
    if (come === "gone") throw new TerminalGone();
    const { typed, isRead } = probeSafely(fd);
    const now = performance.now();
    if (isRead) lastReadMs = now;
    const isFirstKey = typed.length > 0 && now - lastKeyMs > TYPING_MS;
    if (typed.length > 0) lastKeyMs = now;
    const isRecent = now - lastReadMs <= TYPING_MS;
    // Before somebody begins to type, nobody else may read it.
    if (isRead || isFirstKey || now >= nextMs) {
      await watchSafely(parts, now - lastKeyMs <= TYPING_MS, isRecent ? HIDDEN : undefined);
      nextMs = performance.now() + TICK_MS;
    }
    if (typed.length > 0) parts.desk.feed(typed);
  }
}

/** A terminal that cannot be read from now is watched all the same. Throws `TerminalGone`. */
function probeSafely(fd: number): Probed {
  try {
    return probe(fd);
  } catch (error) {
    if (error instanceof TerminalGone) throw error;
    return { typed: Buffer.alloc(0), isRead: false };
  }
}

/**
 * Looks at the terminal. What goes wrong there may be the work of who wants the lock open, so it does not open it: no answer is asked for
 * until it works again. Throws `MustGiveBack` or `TerminalGone`.
 */
async function watchSafely(parts: Watched, isAsking: boolean, hidden: string | undefined): Promise<void> {
  try {
    await watchOnce(parts, isAsking, hidden);
  } catch (error) {
    if (error instanceof MustGiveBack || error instanceof TerminalGone) throw error;
    await parts.desk.setReader(`somebody (${reasonOf(error)})`).catch(() => undefined);
  }
}

function factsOf({ login, terminal, cause, by, idleMs, lockMaxMs, message }: LockOrder): LockFacts {
  const sinceMs = Date.now();
  return {
    user: login.user,
    host: hostname(),
    sinceMs,
    cause,
    by,
    idleMs,
    closesAt: lockMaxMs === null ? undefined : new Date(sinceMs + lockMaxMs),
    message,
    terminalName: terminal,
    hasPassword: undefined,
  };
}

async function recordEnding(order: LockOrder, ending: Ending, failures: readonly string[]): Promise<void> {
  const facts = unlockRecord(ending);
  if (!facts) return;
  const outcome = failures.length === 0 ? "given back" : `given back, except for: ${failures.join("; ")}`;
  await recordLock(order, { action: "unlock", outcome, ...facts });
}
