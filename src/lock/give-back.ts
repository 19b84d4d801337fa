// Gives a locked terminal back to its user: the screen, the attributes, the programs. A step that fails never stops the next one.

import type { Terminal } from "../login/terminal.ts";
import { ownerOf } from "../notice/owner.ts";
import { repaint } from "../notice/repaint.ts";
import { reasonOf } from "../text/reason-of.ts";
import * as attributes from "./attributes.ts";
import { isAlternate, type ScreenState } from "./questions.ts";
import { giveScreenBack } from "./screen.ts";
import { ioOf } from "./terminal-io.ts";

/** A terminal that was taken. */
export interface Taken {
  readonly terminal: Terminal;
  /** The terminal, open. */
  readonly fd: number;
  readonly kept: attributes.Kept;
  readonly halfTyped?: Buffer;
  /** `undefined` if its screen was not taken yet. */
  readonly screen: ScreenState | undefined;
}

/** Gives everything back, and then lets the programs continue. Returns what failed. Never throws. */
export async function giveBack(taken: Taken, thaw: () => void): Promise<readonly string[]> {
  const { terminal, fd, kept, halfTyped, screen } = taken;
  const failures: string[] = [];
  const attempt = async (step: () => unknown) => {
    try {
      await step();
    } catch (error) {
      failures.push(reasonOf(error));
    }
  };
  if (screen) await attempt(() => ioOf(fd).write(giveScreenBack(screen)));
  failures.push(...attributes.giveBack(fd, kept, halfTyped).map(reasonOf));
  await attempt(thaw);
  if (screen && isAlternate(screen)) await attempt(() => repaintOf(terminal, fd));
  return failures;
}

/** The program in front draws its screen again. */
async function repaintOf(terminal: Terminal, fd: number): Promise<void> {
  const owner = ownerOf(terminal);
  if (owner) await repaint(terminal, owner, fd);
}
