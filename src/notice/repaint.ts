// Makes a full-screen program draw its screen again, to remove what was written over it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Terminal } from "../login/terminal.ts";
import { getWindowSize, setColumns } from "../system/libc.ts";
import { type Foreground, foregroundOf, namesOf, paintersOf, writtenBy } from "./owner.ts";

/** They do not draw again for an unchanged size. htop by itself writes so often that this could be taken for an answer. */
const DRAW_FOR_NEW_SIZE_ONLY = new Set(["htop", "btop", "emacs", "screen", "ssh", "mosh-client"]);

const STEP_MS = 10;
/** Programs that draw again on SIGWINCH begin within 10 ms. A loaded machine needs longer. */
const ANSWER_MS = 150;
/** A program that asks for the size too late would find the old size. */
const NARROW_MS = 100;

/** Makes the owner of the screen draw it again: tells it that the size changed, or if that fails changes the size for a moment. */
export async function repaint(terminal: Terminal, owner: Foreground, fd: number): Promise<void> {
  if (
    !namesOf(owner).some((name) => DRAW_FOR_NEW_SIZE_ONLY.has(name)) &&
    (await drawsWhenTold(terminal, owner))
  )
    return;
  await narrowForAMoment(fd);
}

/** Sends SIGWINCH. Returns whether anything was written then. */
async function drawsWhenTold(terminal: Terminal, owner: Foreground): Promise<boolean> {
  const painters = paintersOf(terminal);
  const before = writtenBy(painters);
  // Group 0 would be our own (kill(2)).
  if (owner.group <= 1) return false;
  if (before === undefined || foregroundOf(owner.terminal)?.group !== owner.group) return false;
  try {
    process.kill(-owner.group, "SIGWINCH");
  } catch {
    return false;
  }
  for (let waitedMs = 0; waitedMs < ANSWER_MS; waitedMs += STEP_MS) {
    await sleep(STEP_MS);
    if ((writtenBy(painters) ?? 0) > before) return true;
  }
  return false;
}

/**
 * Sets one column less for a moment, then the old number, unless somebody else has set the size meanwhile. Never rows: that changes an
 * editor's windows permanently.
 */
async function narrowForAMoment(fd: number): Promise<void> {
  const { columns } = getWindowSize(fd);
  if (columns < 3) return;
  setColumns(fd, columns - 1);
  await sleep(NARROW_MS);
  if (getWindowSize(fd).columns === columns - 1) setColumns(fd, columns);
}
