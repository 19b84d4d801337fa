// Acting on a login whose terminals, or whose processes, hang whoever looks at them.

import { HUNG } from "../activity/look.ts";
import { terminalName } from "../login/terminal.ts";
import { endLogin } from "./end-login.ts";
import { hangUp } from "./hang-up.ts";
import type { TerminalActions } from "./terminal-actions.ts";

/** Whether the last look at a login was from afar: who looks or acts next must not come near either. */
export function hasHung({
  faults,
}: {
  readonly faults?: Readonly<Record<string, string>> | undefined;
}): boolean {
  return faults?.login === HUNG;
}

/**
 * By signals alone, and without a word: no terminal is opened. To hang up a line, or to write to it, the kernel waits for whoever is in
 * the midst of a read or a write there, and a user can see to it that this never ends (tty_ldisc_hangup, the kernel's
 * drivers/tty/tty_ldisc.c).
 */
export const FROM_AFAR: TerminalActions = {
  showNotice: async () => undefined,
  showStays: async () => undefined,
  sayFarewell: async () => undefined,
  hangUp: async (terminal, manner) =>
    terminal.leader
      ? hangUp(terminal, { ...manner, asRoot: false })
      : { ended: false, steps: [`${terminalName(terminal)} not hung up: it answers nobody`] },
  // Nor is a last moment looked at: it would end with terminals that are hung up.
  endLogin: (login, terminals, manner) => endLogin(login, terminals, { ...manner, sinceMs: undefined }),
};
