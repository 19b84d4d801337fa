// Acts on a login whose terminals or processes block everybody who looks at them.

import { HUNG } from "../activity/look.ts";
import { terminalName } from "../login/terminal.ts";
import { endLogin } from "./end-login.ts";
import { hangUp } from "./hang-up.ts";
import type { TerminalActions } from "./terminal-actions.ts";

/** Whether the last look at a login was from afar. Then the next look or action must not touch its terminals or processes either. */
export function hasHung({
  faults,
}: {
  readonly faults?: Readonly<Record<string, string>> | undefined;
}): boolean {
  return faults?.login === HUNG;
}

/**
 * Uses only signals and writes nothing: no terminal is opened. To hang up a line or write to it, the kernel waits for everybody who is
 * inside a read or a write there, and a user can make this wait endless (tty_ldisc_hangup, the kernel's drivers/tty/tty_ldisc.c).
 */
export const FROM_AFAR: TerminalActions = {
  showNotice: async () => undefined,
  showStays: async () => undefined,
  sayFarewell: async () => undefined,
  hangUp: async (terminal, manner) =>
    terminal.leader
      ? hangUp(terminal, { ...manner, asRoot: false })
      : { ended: false, steps: [`${terminalName(terminal)} not hung up: it answers nobody`] },
  // There is no look at the last moment either: it would end in hanging up terminals.
  endLogin: (login, terminals, manner) => endLogin(login, terminals, { ...manner, sinceMs: undefined }),
};
