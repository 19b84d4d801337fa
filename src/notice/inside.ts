// What can be seen of an inner terminal, whose program owns the screen of the outer one: the outer one is raw, whatever runs inside.
import { closeSync } from "node:fs";
import { openTerminal, type Terminal } from "../login/terminal.ts";
import { getAttributes } from "../system/libc.ts";
import { evidenceOf, type TerminalTraits } from "./choose.ts";
import { type Foreground, namesOf } from "./owner.ts";

/** The evidence of the inner terminal, if the program there owns the screen; `undefined` if not, or if we may not ask. */
export function insideEvidence(terminal: Terminal, owner: Foreground): TerminalTraits | undefined {
  if (owner.terminal === terminal) return undefined;
  try {
    const fd = openTerminal(owner.terminal);
    try {
      return evidenceOf(getAttributes(fd), namesOf(owner));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
