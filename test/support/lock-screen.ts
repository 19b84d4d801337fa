// A terminal that answers questions, as a lock meets it: an emulator with what a program has left on its screens.
import xterm from "@xterm/headless";
import { ASKED_MODES, type TerminalIo } from "../../src/lock/questions.ts";
import { pictureOf, write } from "./emulated.ts";

/** A word that stands on every row that a program has drawn or printed. */
export const SECRET = "hush";

export interface LockTerminal {
  readonly emulator: xterm.Terminal;
  readonly io: TerminalIo;
  readonly write: (bytes: string) => Promise<void>;
  /** Everything of both screens, the scrollback and the modes; without the cursor that a program has saved. */
  readonly picture: () => Promise<unknown>;
  /** Everything that can be seen now, scrolled up or not. */
  readonly visible: () => string[];
  readonly bells: () => number;
}

/** `answer`: changes the bytes that the terminal sends, or drops them. */
export function lockTerminal(columns: number, rows: number, answer = (bytes: string) => bytes): LockTerminal {
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 500 });
  let come = "";
  let bells = 0;
  emulator.onData((data) => {
    come += answer(data);
  });
  emulator.onBell(() => bells++);
  const read = async (withinMs: number) => {
    const endMs = performance.now() + Math.min(withinMs, 50);
    while (come === "" && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 1));
    const bytes = Buffer.from(come, "latin1");
    come = "";
    return bytes;
  };
  const io = { read, write: (bytes: string) => write(emulator, bytes).then(() => true) };
  const lines = (buffer: xterm.IBuffer) =>
    Array.from({ length: buffer.length }, (_, row) => {
      const line = buffer.getLine(row);
      return Array.from({ length: line?.length ?? 0 }, (_, column) => {
        const cell = line?.getCell(column);
        return [
          cell?.getChars() || " ",
          cell?.getFgColor(),
          cell?.getBgColor(),
          cell?.isInverse(),
          cell?.isBold(),
        ];
      });
    });
  return {
    emulator,
    io,
    write: (bytes) => write(emulator, bytes),
    picture: async () => {
      const { kept, rows: _, ...rest } = pictureOf(emulator);
      return {
        ...rest,
        margins: [kept.scrollTop, kept.scrollBottom],
        main: lines(emulator.buffer.normal),
        alternate: rest.type === "alternate" ? lines(emulator.buffer.alternate) : [],
        told: await toldModes(emulator),
      };
    },
    visible: () => {
      const { active } = emulator.buffer;
      const from = active.type === "alternate" ? 0 : active.baseY;
      return Array.from(
        { length: rows },
        (_, row) => active.getLine(from + row)?.translateToString(true) ?? "",
      );
    },
    bells: () => bells,
  };
}

/** What it answers for each mode. */
async function toldModes(emulator: xterm.Terminal): Promise<string> {
  let told = "";
  const listener = emulator.onData((data) => {
    told += data;
  });
  await write(emulator, ASKED_MODES.map((mode) => `\x1b[?${mode}$p`).join(""));
  listener.dispose();
  return told;
}

/** Rows of a shell, some of them in the scrollback, and a half-typed line with the cursor in its middle. */
export function shellBytes(rows: number): string {
  const printed = Array.from(
    { length: rows + 30 },
    (_, row) => `\x1b[3${row % 8}m${SECRET} ${row}\x1b[0m\r\n`,
  );
  return `${printed.join("")}\x1b[1m$ \x1b[0m${SECRET} half\x1b[4D\x1b[?2004h`;
}

/** The alternate screen of a program, full to its last cell, with all that a program can ask of a mouse. */
export function fullScreenBytes(columns: number, rows: number): string {
  const row = (at: number) => `\x1b[${at};1H\x1b[44m${`${SECRET} `.repeat(columns).slice(0, columns)}`;
  const drawn = Array.from({ length: rows }, (_, at) => row(at + 1)).join("");
  return `\x1b[?1049h\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b[?2004h\x1b[?1h${drawn}\x1b[0;35m\x1b[3;5H\x1b[?25l`;
}
