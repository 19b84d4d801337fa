// Tells a person from a terminal: what a terminal sends by itself does not show that anybody is there.
import type { Unit } from "./units.ts";

/** Who made a unit. `mark`: start or end of a paste; `motion`: the mouse moved; `person`: a key, a click, or pasted text. */
export type Maker = "person" | "terminal" | "motion" | "mark";

/** What is known of the terminal and of the program behind it. */
export interface Asked {
  /** How many questions for the cursor's position have been sent but not answered. */
  readonly cursorPositions: number;
}

const PASTE_BEGIN = "\x1b[200~";
const PASTE_END = "\x1b[201~";
/** The bit for motion in a mouse button code, with or without a pressed button (xterm's ctlseqs, "Mouse Tracking"). */
const MOTION = 32;

/** The answer to a question for the cursor's position, or F3 with a modifier: `ESC [ 1 ; 2 R` can be either. */
const POSITION = /^\x1b\[(\d+);(\d+)R$/;

/** What only a terminal sends, never a key (xterm's ctlseqs). */
const REPORTS: readonly RegExp[] = [
  // With a private marker: device attributes, modes, keyboard, graphics. No key has such a marker.
  /^\x1b\[[?>=]/,
  // Status, and an ANSI mode.
  /^\x1b\[[\d;]*(?:n|\$y)$/,
  // Focus.
  /^\x1b\[[IO]$/,
  // The window: position, size, state.
  /^\x1b\[[\d;]*t$/,
  // The terminal's parameters.
  /^\x1b\[[\d;]*x$/,
];

/** Whether a unit answers a question for the cursor's position. */
export function isCursorPosition(unit: Unit, asked: Asked): boolean {
  const match = unit.kind === "csi" ? POSITION.exec(unit.bytes.toString("latin1")) : null;
  if (!match) return false;
  const [row, column] = [Number(match[1]), Number(match[2])];
  // A modifier is 2 to 16, and F3 itself has the parameter 1.
  return asked.cursorPositions > 0 || row !== 1 || column < 2 || column > 16;
}

/** Who made a unit that is not part of a paste. */
export function makerOf(unit: Unit, asked: Asked): Maker {
  if (unit.kind === "string") return "terminal";
  if (unit.kind === "x10-mouse") return mouseMaker((unit.bytes[3] ?? 32) - 32);
  if (unit.kind !== "csi") return "person";
  const text = unit.bytes.toString("latin1");
  if (text === PASTE_BEGIN || text === PASTE_END) return "mark";
  const mouse = /^\x1b\[<(\d+);\d+;\d+[Mm]$/.exec(text);
  if (mouse) return mouseMaker(Number(mouse[1]));
  const urxvt = /^\x1b\[(\d+);\d+;\d+M$/.exec(text);
  if (urxvt) return mouseMaker(Number(urxvt[1]) - 32);
  if (isCursorPosition(unit, asked)) return "terminal";
  return REPORTS.some((report) => report.test(text)) ? "terminal" : "person";
}

/** A wheel has the bit 64, and no motion. */
function mouseMaker(button: number): Maker {
  return (button & MOTION) !== 0 ? "motion" : "person";
}

/** Whether a paste begins or ends with this unit; `undefined` for every other unit. */
export function pasteMark(unit: Unit): "begin" | "end" | undefined {
  if (unit.kind !== "csi") return undefined;
  const text = unit.bytes.toString("latin1");
  return text === PASTE_BEGIN ? "begin" : text === PASTE_END ? "end" : undefined;
}
