// The last line of a terminal before its login ends. It leaves the user's own terminal in the state that a shell needs.
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openTerminal, type Terminal } from "../login/terminal.ts";
import { getWindowSize } from "../system/libc.ts";
import { isMultiplexerClient } from "./choose.ts";
import { farewellBytes } from "./form.ts";
import { type Frozen, freeze, hangUpProcess } from "./freeze.ts";
import { ownerOf } from "./owner.ts";
import { writeLastLine } from "./write.ts";

const DETACH_MS = 1_000;
/** The time that the bytes need to reach the client before the connection ends. */
const TRAVEL_MS = 300;

/**
 * Stops the programs that draw on a terminal and writes the last line. The caller ends the login and then calls `thaw`, whatever happened.
 * `undefined` if the line could not be written; then nothing stays stopped. Never throws.
 */
export async function sayFarewell(terminal: Terminal, text: string): Promise<Frozen | undefined> {
  let frozen: Frozen | undefined;
  let said = false;
  try {
    const fd = openTerminal(terminal);
    try {
      await detachClients(terminal);
      frozen = await freeze(terminal);
      said = await writeLastLine(fd, farewellBytes(text, getWindowSize(fd)));
      if (said) await sleep(TRAVEL_MS);
    } finally {
      closeSync(fd);
    }
  } catch {
    said = false;
  }
  if (said) return frozen;
  frozen?.thaw();
  return undefined;
}

/**
 * Ends clients of tmux and screen: their server itself draws until its client is gone. A client that leads the session is left alone: the
 * terminal would go with it, before the last line.
 */
async function detachClients(terminal: Terminal): Promise<void> {
  const clients = (ownerOf(terminal)?.members ?? []).filter(
    ({ name, pid }) => isMultiplexerClient(name) && pid !== terminal.leader?.pid,
  );
  await Promise.all(clients.map((client) => hangUpProcess(client, DETACH_MS)));
}
