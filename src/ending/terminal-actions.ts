// What is done to a login's terminals: warn, take back, lock, say farewell, hang up, end.
import type { LockOrder } from "../lock/order.ts";
import { startLocker } from "../lock/start.ts";
import type { Terminal } from "../login/terminal.ts";
import { sayFarewell } from "../notice/farewell.ts";
import { type Shown, showNotice, showStays, takeBack } from "../notice/show.ts";
import { endLogin } from "./end-login.ts";
import { hangUp } from "./hang-up.ts";

/** How a terminal is written to and ended. */
export interface TerminalActions {
  readonly showNotice: typeof showNotice;
  readonly showStays: typeof showStays;
  /** Absent where nothing can be locked. `shown`: the notice that stands on the terminal. */
  readonly lock?: (
    terminal: Terminal,
    shown: Shown | undefined,
    order: LockOrder,
  ) => ReturnType<typeof startLocker>;
  readonly sayFarewell: (terminal: Terminal, text: string) => ReturnType<typeof sayFarewell>;
  readonly hangUp: typeof hangUp;
  readonly endLogin: typeof endLogin;
}

/** Acts from outside, whatever runs on the terminal. */
export const FROM_OUTSIDE: TerminalActions = { showNotice, showStays, lock, sayFarewell, hangUp, endLogin };

/** The same, for a login with a watchdog: it lets continue what this process has stopped, if this process is killed. */
export function fromOutsideOf(stateDirectory: string): TerminalActions {
  return { ...FROM_OUTSIDE, sayFarewell: (terminal, text) => sayFarewell(terminal, text, stateDirectory) };
}

/** Locks a terminal. The notice goes first: under the lock nobody can draw over it. */
async function lock(
  terminal: Terminal,
  shown: Shown | undefined,
  order: LockOrder,
): ReturnType<typeof startLocker> {
  await takeBack(terminal, shown);
  return startLocker(order);
}
