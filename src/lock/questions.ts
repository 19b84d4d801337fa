// Asks a terminal which of its modes are on (DECRQM), while nobody else reads its answers. Answers come late, in pieces and between keys.
// Not every terminal knows these questions, and some show a "p" for each instead of ignoring it; so it is first asked what it is.

/** A private mode is on, off, or the terminal did not say. */
export type Mode = "on" | "off" | "unknown";

/** What a terminal answered. */
export interface ScreenState {
  /** Whether it answers questions at all. */
  readonly answers: boolean;
  readonly modes: Readonly<Record<AskedMode, Mode>>;
}

/**
 * The modes that matter to a lock (xterm's ctlseqs): the alternate screen (1049, 1047, 47), the cursor (25) and its origin (6), mouse
 * reports (9, 1000, 1002, 1003) and their forms (1006, 1015), focus reports (1004), brackets around a paste (2004), output that is held
 * back (2026).
 */
export const ASKED_MODES = [
  1049, 1047, 47, 25, 6, 9, 1000, 1002, 1003, 1004, 1006, 1015, 2004, 2026,
] as const;
export type AskedMode = (typeof ASKED_MODES)[number];

/** The terminal, as something to write to and to read from. */
export interface TerminalIo {
  /** Whether all of it was written. */
  readonly write: (bytes: string) => Promise<boolean>;
  /** What has come within that time; empty for nothing. */
  readonly read: (withinMs: number) => Promise<Buffer>;
}

/** Under load, and over a slow line, an answer came after more than two seconds. A wrong guess costs what stands on the screen. */
const ANSWER_MS = 5_000;
/** Keys and answers that come meanwhile; what is more is somebody who holds a key. */
const MOST_BYTES = 1 << 20;

/** Ends what the frozen program may have been writing: a control sequence (CAN), a string (ST). */
const CLEAN = "\x18\x1b\\";
const PRIMARY = "\x1b[c";
const SECONDARY = "\x1b[>c";
const MODES = ASKED_MODES.map((mode) => `\x1b[?${mode}$p`).join("");

/** The answer to PRIMARY. It comes after those to everything that was asked before. */
const PRIMARY_ANSWER = /\x1b\[\?([\d;]*)c/;
/** The Linux console and PuTTY. Neither knows DECRQM, and older consoles show it in part. */
const ANSWERS_NO_MODES = "6";
/** Terminal.app of macOS shows a "p" for each DECRQM. */
const SHOWS_MODES = /\x1b\[>1;95;0c/;

/** What the terminal says of its modes; `undefined` if it does not answer such questions. Drops the keys that come meanwhile. */
export async function askTerminal(
  io: TerminalIo,
  answerMs: number = ANSWER_MS,
): Promise<ScreenState | undefined> {
  const what = PRIMARY_ANSWER.exec(await answersTo(CLEAN, io, answerMs))?.[1];
  if (what === undefined || what === ANSWERS_NO_MODES) return undefined;
  const which = await answersTo(SECONDARY, io, answerMs);
  if (!PRIMARY_ANSWER.test(which) || SHOWS_MODES.test(which)) return undefined;
  const answers = await answersTo(MODES, io, answerMs);
  return PRIMARY_ANSWER.test(answers) ? stateIn(answers) : undefined;
}

/** What a terminal that does not answer is taken for, by the form that a notice would have there. */
export function guessedState(form: "prompt" | "bar"): ScreenState {
  const state = stateIn("");
  return { answers: false, modes: { ...state.modes, 1049: form === "bar" ? "on" : "off" } };
}

/** Whether programs draw on the alternate screen. It counts as on if one of its three modes is. */
export function isAlternate({ modes }: ScreenState): boolean {
  return [modes[1049], modes[1047], modes[47]].includes("on");
}

/** Everything that came up to the answer to PRIMARY, or within the time. Keys are in it too: it is forgotten after it was searched. */
async function answersTo(questions: string, { write, read }: TerminalIo, answerMs: number): Promise<string> {
  if (!(await write(`${questions}${PRIMARY}`))) return "";
  const endMs = performance.now() + answerMs;
  let come = "";
  for (let leftMs = answerMs; leftMs > 0 && come.length < MOST_BYTES; leftMs = endMs - performance.now()) {
    const bytes = await read(leftMs);
    come += bytes.toString("latin1");
    bytes.fill(0);
    if (PRIMARY_ANSWER.test(come)) break;
  }
  return come;
}

/** The modes in DECRPM answers. 1 and 3 mean on, 2 and 4 off; 0: the terminal does not know the mode. */
function stateIn(text: string): ScreenState {
  const told = new Map(
    [...text.matchAll(/\x1b\[\?(\d+);(\d)\$y/g)].map(([, mode, value]) => [Number(mode), Number(value)]),
  );
  const meaning = (mode: number): Mode => {
    const value = told.get(mode);
    if (value === 1 || value === 3) return "on";
    return value === 2 || value === 4 ? "off" : "unknown";
  };
  const modes = Object.fromEntries(ASKED_MODES.map((mode) => [mode, meaning(mode)])) as ScreenState["modes"];
  return { answers: true, modes };
}
