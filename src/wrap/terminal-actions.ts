// How a wrapped terminal is warned and ended: from inside its stream. Other terminals are written to from outside.

import { endLogin } from "../ending/end-login.ts";
import { hangUp } from "../ending/hang-up.ts";
import type { TerminalActions } from "../ending/terminal-actions.ts";
import type { ProcessRef } from "../login/process.ts";
import type { Terminal } from "../login/terminal.ts";
import { farewellBytes } from "../notice/form.ts";
import { getWindowSize } from "../system/libc.ts";
import type { Session } from "./session.ts";

/** How often a countdown is drawn. */
const TICK_MS = 1_000;
/** The time that written output needs to reach the client before the connection closes. */
const TRAVEL_MS = 300;

/** `shell`: the program on the inner terminal. Its end ends the login's terminal, and leaves this process time to write the audit. */
export function terminalActionsOf({ view, keys }: Session, shell: ProcessRef): TerminalActions & Disposable {
  let ticking: NodeJS.Timeout | undefined;
  const stopTicking = () => clearInterval(ticking);
  const inner = (terminal: Terminal): Terminal => ({ ...terminal, leader: shell });

  return {
    showNotice: async (_, say) => {
      stopTicking();
      const text = (columns: number) => say(columns).bar;
      keys.awaitAnswer();
      const isSeen = await view.setBar(text);
      view.ring();
      ticking = setInterval(() => {
        if (keys.awaitsAnswer) void view.setBar(text);
        else stopTicking();
      }, TICK_MS).unref();
      return isSeen ? { form: "bar", group: shell.pid } : undefined;
    },
    showStays: async (_, __, say) => {
      stopTicking();
      keys.forgetAnswer();
      void view.flash((columns) => say(columns).bar);
    },
    sayFarewell: async (_, text) => {
      stopTicking();
      await view.finish(farewellBytes(text, getWindowSize(process.stdout.fd)));
      await new Promise((resolve) => setTimeout(resolve, TRAVEL_MS));
      return { thaw: () => undefined };
    },
    hangUp: (terminal, manner) => hangUp(inner(terminal), manner),
    endLogin: (login, terminals, manner) => endLogin(login, terminals.map(inner), manner),
    [Symbol.dispose]: stopTicking,
  };
}
