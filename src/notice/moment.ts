// Finds the moment to write: not in the middle of another program's escape sequence.
import { setTimeout as sleep } from "node:timers/promises";
import { readStat } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { isWritable } from "../system/libc.ts";
import { paintersOf, writtenBy } from "./owner.ts";

const STEP_MS = 50;
/** If a program has written nothing for so long, and sleeps, its sequence is complete. */
const QUIET_MS = 250;
/** A program that never rests is written over anyway: a spoilt row is better than a user without a warning. */
const LONGEST_WAIT_MS = 1_500;

/** Waits until no program draws on a terminal and it takes bytes, for at most 1.5 s. */
export async function waitForQuiet(terminal: Terminal, fd: number): Promise<void> {
  let seen = "";
  const beganMs = performance.now();
  let restlessMs = beganMs;
  // This counts time, not sleeps: a look takes longer if there is more to look at.
  for (;;) {
    const { trace, asleep } = look(terminal);
    const nowMs = performance.now();
    if (trace !== seen || !asleep || !isWritable(fd)) restlessMs = nowMs;
    if (nowMs - restlessMs >= QUIET_MS || nowMs - beganMs >= LONGEST_WAIT_MS) return;
    seen = trace;
    await sleep(STEP_MS);
  }
}

/** Which processes draw and how much they have written, as one value to compare, and whether all of them sleep. */
function look(terminal: Terminal): { trace: string; asleep: boolean } {
  const painters = paintersOf(terminal);
  const states = painters.map((pid) => readStat(pid)?.state);
  return {
    trace: `${painters.join(" ")}: ${writtenBy(painters)}`,
    asleep: states.every((state) => state === "S" || state === "T" || state === undefined),
  };
}
