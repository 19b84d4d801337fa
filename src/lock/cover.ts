// Covers the terminal of this process until a lock stands: nothing of it can be read, and nothing can be typed.
import { openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

const TAKE_SCREEN = "\x1b[?1049h\x1b[2J\x1b[H";
const GIVE_SCREEN_BACK = "\x1b[?1049l";

/**
 * Covers the controlling terminal with a text. Keys are swallowed, and no key sends a signal. Disposing gives the terminal back. `term`: its
 * type, as in TERM. Throws if there is no such terminal.
 */
export function coverTerminal(text: readonly string[], term = process.env.TERM): Disposable {
  const fd = openSync("/dev/tty", "r+");
  const terminal = new ReadStream(fd);
  const hasScreen = term !== undefined && term !== "" && term !== "dumb";
  terminal.on("error", () => undefined).setRawMode(true);
  write(fd, `${hasScreen ? TAKE_SCREEN : ""}${text.join("\r\n")}\r\n`);
  terminal.on("data", () => undefined);
  return {
    [Symbol.dispose]: () => {
      if (hasScreen) write(fd, GIVE_SCREEN_BACK);
      terminal.setRawMode(false);
      terminal.destroy();
    },
  };
}

/** A terminal that takes nothing now, as after Ctrl-S, is covered without the text. */
function write(fd: number, bytes: string): void {
  try {
    writeSync(fd, bytes);
  } catch {
    // Its keys are swallowed all the same.
  }
}
