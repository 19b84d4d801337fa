// Asks for a lock of the terminal of this process, as its user or as root.
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { askAsRoot, askAsUser, isAskPending, takeBackAsk } from "../lock/ask.ts";
import { askFile } from "../lock/ask-places.ts";
import type { OwnTerminal } from "../lock/own-terminal.ts";
import { administratorOf } from "./choose.ts";

/** What was asked for. */
export interface AskedLock {
  /** Whether the watchdog has not seen it yet. */
  readonly isPending: () => boolean;
  /** Takes it back if it still is pending. */
  readonly takeBack: () => void;
}

/** Asks root's watchdog for the lock. Throws if that is not possible. */
export function askForLock({ login, terminal, stateDirectory }: OwnTerminal): AskedLock {
  if (process.geteuid?.() !== 0) {
    askAsUser(login, terminal);
    return { isPending: () => isAskPending(login), takeBack: () => void takeBackAsk(login) };
  }
  const by = administratorOf(process.env.SUDO_USER, userInfo().username);
  if (!askAsRoot(login, stateDirectory, { by, terminals: [terminal] }))
    throw new Error("not locked: the watchdog of this login is of an older afkill; log in anew");
  return { isPending: () => existsSync(askFile(stateDirectory)), takeBack: () => undefined };
}
