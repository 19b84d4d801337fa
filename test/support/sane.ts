// What a user's own terminal is like after their login has gone.
import type { Ssh } from "../lab/lab.ts";

/** Everything about a terminal that a program may have left behind. */
export function stateOf({ terminal, output }: Ssh) {
  return {
    screen: terminal.buffer.active.type,
    cursorShown: output.lastIndexOf("\u001b[?25h") >= output.lastIndexOf("\u001b[?25l"),
    mouse: terminal.modes.mouseTrackingMode,
    focusReports: terminal.modes.sendFocusMode,
    bracketedPaste: terminal.modes.bracketedPasteMode,
    applicationCursorKeys: terminal.modes.applicationCursorKeysMode,
    insert: terminal.modes.insertMode,
  };
}

/** The state that a shell needs. */
export const SANE = {
  screen: "normal",
  cursorShown: true,
  mouse: "none",
  focusReports: false,
  bracketedPaste: false,
  applicationCursorKeys: false,
  insert: false,
};
