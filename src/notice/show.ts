// Notices on a terminal: shows one, takes it back, and answers a user who is there.
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openTerminal, type Terminal } from "../login/terminal.ts";
import { getAttributes, getWindowSize } from "../system/libc.ts";
import { evidenceOf, formFor } from "./choose.ts";
import { BEL, barBytes, type Form, fittingForm, promptBytes, usableSize } from "./form.ts";
import { insideEvidence } from "./inside.ts";
import { waitForQuiet } from "./moment.ts";
import { keepOutputTime } from "./output-time.ts";
import { namesOf, ownerOf } from "./owner.ts";
import { repaint } from "./repaint.ts";
import type { Wording } from "./text.ts";
import { writeNotice } from "./write.ts";

/** A notice that stands on a screen. Plain data: it can be kept in a file. */
export interface Shown {
  readonly form: Form;
  /** The process group whose screen it was written over. */
  readonly group: number;
}

/** The words for a terminal with so many columns. */
export type Say = (columns: number) => Wording;

/** How long an answer stays over a full-screen program. */
const ANSWER_MS = 1_500;

/**
 * Writes a notice with a bell; `undefined` if it could not be delivered: the terminal is held, full, gone, or not ours to open. Never
 * throws.
 */
export function showNotice(terminal: Terminal, say: Say): Promise<Shown | undefined> {
  return withTerminal(terminal, (fd) => put(terminal, fd, say, BEL));
}

/** Whether a notice was given, in words for the audit. `shown`: the result of `showNotice` for each terminal of the notice. */
export function givenOn(shown: readonly (Shown | undefined)[]): string {
  if (shown.length === 0) return "not given: no terminal to write to";
  return shown.includes(undefined) ? "not given: the terminal takes no output" : "given";
}

/** Removes a notice from the screen of a full-screen program. Above a prompt it stays, as a line among others. Never throws. */
export async function takeBack(terminal: Terminal, shown: Shown | undefined): Promise<void> {
  if (shown?.form !== "bar") return;
  // If another program has the screen now, the first one's screen is gone too.
  await withTerminal(terminal, async (fd) => {
    const owner = ownerOf(terminal);
    if (owner?.group !== shown.group) return;
    const putBack = keepOutputTime(fd);
    await repaint(terminal, owner, fd);
    await waitForQuiet(terminal, fd);
    putBack();
  });
}

/** Answers the user, without a bell, and takes the notice back. At a prompt the answer is one more line. Never throws. */
export async function showStays(terminal: Terminal, shown: Shown | undefined, say: Say): Promise<void> {
  const answer = await withTerminal(terminal, (fd) => put(terminal, fd, say, ""));
  if (answer?.form === "bar") await sleep(ANSWER_MS);
  await takeBack(terminal, answer ?? shown);
}

async function put(terminal: Terminal, fd: number, say: Say, bell: string): Promise<Shown | undefined> {
  await waitForQuiet(terminal, fd);
  // Only now: the owner of the screen before the wait may have ended.
  const owner = ownerOf(terminal);
  if (!owner) return undefined;
  const size = getWindowSize(fd);
  const outer = evidenceOf(getAttributes(fd), namesOf(owner));
  const form = fittingForm(formFor(insideEvidence(terminal, owner) ?? outer), size);
  const wording = say(usableSize(size).columns);
  // The line discipline of the user's own terminal decides which keys are seen, whatever runs on an inner terminal.
  const lines = outer.canonical ? wording.lineMode : wording.prompt;
  const bytes =
    form === "prompt" ? promptBytes(lines, size) : form === "bar" ? barBytes(wording.bar, size) : "";
  return (await writeNotice(fd, bytes + bell)) ? { form, group: owner.group } : undefined;
}

/** Calls `use` with an open terminal; `undefined` if the terminal is gone, not ours to open, or goes meanwhile. */
async function withTerminal<T>(terminal: Terminal, use: (fd: number) => Promise<T>): Promise<T | undefined> {
  try {
    const fd = openTerminal(terminal);
    try {
      return await use(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
