// Starts a locker and waits until it says whether the terminal is locked.
import { type ChildProcess, spawn } from "node:child_process";
import { DIST } from "../system/paths.ts";
import { printable } from "../text/unseen.ts";
import type { LockOrder } from "./order.ts";

/** What became of a lock, in words for the audit. */
export interface LockOutcome {
  readonly locked: boolean;
  readonly outcome: string;
}

/**
 * To look at every process of a busy host, and to ask a terminal that does not answer, takes some seconds; where a hundred terminals lock at
 * the same moment on two cores, all of them take as long as all together. Shorter than the time of a look (guard.ts, LONGEST_LOOK_S).
 */
const ANSWER_MS = 90_000;
/** A locker that is told to end gives everything back first. */
const END_MS = 5_000;
const LONGEST_LINE = 1_000;

/** The program, and how it is started where this process may not compile (a watchdog without executable memory). */
const LOCKER = [
  process.execPath,
  ...process.execArgv.filter((option) => option === "--jitless"),
  `${DIST}/locker.js`,
];

/** What tests change. */
export interface StartOptions {
  readonly command?: readonly string[];
  readonly answerMs?: number;
}

/**
 * Locks a terminal by a process of its own, which lives on after this one. Waits for at most 90 s; a locker that has not answered by then is
 * ended, and gives everything back. Never rejects.
 */
export async function startLocker(
  order: LockOrder,
  { command = LOCKER, answerMs = ANSWER_MS }: StartOptions = {},
): Promise<LockOutcome> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "ignore"],
    // Its own session, without a terminal.
    detached: true,
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(JSON.stringify(order));
  const answer = await Promise.race([lineOf(child), ending(child), noAnswer(answerMs)]);
  if (answer === undefined) await end(child);
  letGo(child);
  return outcomeOf(answer ?? `failed the locker did not answer within ${answerMs / 1000} s`);
}

function outcomeOf(line: string): LockOutcome {
  if (line === "locked") return { locked: true, outcome: "locked" };
  return { locked: false, outcome: `not locked: ${printable(line.replace(/^failed /, ""))}` };
}

/** The first line that the locker prints. */
function lineOf({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    stdout?.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.includes("\n") || text.length > LONGEST_LINE) resolve(text.split("\n")[0] ?? "");
    });
  });
}

/** A line that a locker has printed before its end comes first: `close` waits for the pipe. */
function ending(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`failed ${error.message}`));
    child.once("close", (status, signal) =>
      resolve(`failed the locker ended (${signal ?? `status ${status}`})`),
    );
  });
}

function noAnswer(ms: number): Promise<undefined> {
  return new Promise((resolve) => void setTimeout(() => resolve(undefined), ms).unref());
}

/** Ends a locker that hangs. The next check undoes what one that had to be killed has left. */
async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  child.kill("SIGTERM");
  if (!(await Promise.race([gone, noAnswer(END_MS)]))) child.kill("SIGKILL");
}

/** This process can end while the locker lives on. */
function letGo(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.unref();
}
