// What is done to a login's terminals: warn, take back, say farewell, hang up, end.
import { sayFarewell } from "../notice/farewell.ts";
import { showNotice, showStays } from "../notice/show.ts";
import { endLogin } from "./end-login.ts";
import { hangUp } from "./hang-up.ts";

/** How a terminal is written to and ended. */
export interface TerminalActions {
  readonly showNotice: typeof showNotice;
  readonly showStays: typeof showStays;
  readonly sayFarewell: typeof sayFarewell;
  readonly hangUp: typeof hangUp;
  readonly endLogin: typeof endLogin;
}

/** Acts from outside, whatever runs on the terminal. */
export const FROM_OUTSIDE: TerminalActions = { showNotice, showStays, sayFarewell, hangUp, endLogin };
