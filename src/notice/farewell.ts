// The last line of a terminal before its login ends. It leaves the user's own terminal in the state that a shell needs.
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { minorOf, openTerminal, type Terminal } from "../login/terminal.ts";
import { getWindowSize } from "../system/libc.ts";
import { detachClients } from "./detach.ts";
import { farewellBytes } from "./form.ts";
import { type Frozen, freeze } from "./freeze.ts";
import { frozenFile } from "./frozen-file.ts";
import { writeLastLine } from "./write.ts";

/** The time that the bytes need to reach the client before the connection ends. */
const TRAVEL_MS = 300;
const NOT_FROZEN: Frozen = { thaw: () => undefined };

/**
 * Stops the programs that draw on a terminal and writes the last line. The caller ends the login and then calls `thaw`, whatever happened.
 * `undefined` if the line could not be written; then nothing stays stopped. Never throws. In `stateDirectory`, if there is one, it is written
 * what is stopped, so that the login's watchdog can let it continue if this process is killed.
 */
export async function sayFarewell(
  terminal: Terminal,
  text: string,
  stateDirectory?: string,
): Promise<Frozen | undefined> {
  let frozen: Frozen | undefined;
  let said = false;
  try {
    const fd = openTerminal(terminal);
    try {
      await detachClients(terminal);
      const file =
        stateDirectory === undefined ? undefined : frozenFile(stateDirectory, minorOf(terminal.deviceNumber));
      // What cannot be written down is not stopped: a line that may be drawn over is better than none.
      frozen = await freeze(terminal, file).catch(() => NOT_FROZEN);
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
