// When to write: not into the middle of another program's escape sequence.
import { setTimeout as sleep } from "node:timers/promises";
import { readStat } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { isWritable } from "../system/libc.ts";
import { paintersOf, writtenBy } from "./owner.ts";

const STEP_MS = 50;
/** A program that has written nothing for so long, and sleeps, has finished its sequence. */
const QUIET_MS = 250;
/** A program that never rests is written over all the same: rather a row spoilt than a user not warned. */
const LONGEST_WAIT_MS = 1_500;

/** Waits until nobody is drawing on a terminal and it takes bytes, at most 1.5 s. */
export async function waitForQuiet(terminal: Terminal, fd: number): Promise<void> {
  let seen = "";
  const beganMs = performance.now();
  let restlessMs = beganMs;
  // Time is counted, not naps: a look takes as long as there is to look at.
  for (;;) {
    const { trace, asleep } = look(terminal);
    const nowMs = performance.now();
    if (trace !== seen || !asleep || !isWritable(fd)) restlessMs = nowMs;
    if (nowMs - restlessMs >= QUIET_MS || nowMs - beganMs >= LONGEST_WAIT_MS) return;
    seen = trace;
    await sleep(STEP_MS);
  }
}

/** Which processes draw and what they have written, as one value to compare; and whether all of them sleep. */
function look(terminal: Terminal): { trace: string; asleep: boolean } {
  const painters = paintersOf(terminal);
  const states = painters.map((pid) => readStat(pid)?.state);
  return {
    trace: `${painters.join(" ")}: ${writtenBy(painters)}`,
    asleep: states.every((state) => state === "S" || state === "T" || state === undefined),
  };
}
