// What is typed at a lock: an answer that ends with Enter. Everything else that a terminal can send (keys that are sequences, the mouse,
// answers to questions, brackets around a paste) is swallowed, also in pieces. No byte of an answer stays in memory.
import { sanitise } from "../notice/text.ts";
import { LONGEST_ANSWER } from "./protocol.ts";
import { newSwallower } from "./sequences.ts";

/** What a piece of input has made of the answer. */
export interface Fed {
  /** A finished answer, empty if it was too long. The caller fills it with 0. What came after its Enter is dropped. */
  readonly line?: Buffer;
  /** How many characters stand now. */
  readonly shown: number;
}

export interface Answer {
  /** Takes what was read, and fills it with 0. */
  readonly feed: (bytes: Buffer) => Fed;
  /** What stands now as printable ASCII, a `?` for each other character: for a question whose answer may be seen. */
  readonly text: () => string;
  /** Forgets what stands. */
  readonly clear: () => void;
}

const CTRL_U = 0x15;
const BACKSPACE = 0x08;
const DELETE = 0x7f;
const ENTER = [0x0d, 0x0a];

/** An empty answer. `nowMs`: a clock that never goes back. */
export function newAnswer(nowMs: () => number = () => performance.now()): Answer {
  const swallower = newSwallower();
  const standing = Buffer.alloc(LONGEST_ANSWER);
  let length = 0;
  let isTooLong = false;

  const clear = () => {
    standing.fill(0);
    length = 0;
    isTooLong = false;
  };
  const end = () => {
    const line = Buffer.alloc(isTooLong ? 0 : length);
    standing.copy(line, 0, 0, line.length);
    clear();
    return line;
  };
  const add = (byte: number) => {
    if (length === LONGEST_ANSWER) isTooLong = true;
    else standing[length++] = byte;
  };
  const removeCharacter = () => {
    while (length > 0) {
      const removed = standing[--length] ?? 0;
      standing[length] = 0;
      if (!continues(removed)) break;
    }
  };
  const edit = (byte: number) => {
    if (byte === CTRL_U) clear();
    else if (byte === BACKSPACE || byte === DELETE) removeCharacter();
    else if (isText(byte)) add(byte);
  };
  const shown = () =>
    standing.subarray(0, length).reduce((count, byte) => count + (continues(byte) ? 0 : 1), 0);

  const feed = (bytes: Buffer): Fed => {
    const now = nowMs();
    let line: Buffer | undefined;
    for (const byte of bytes) {
      const meaning = swallower.take(byte, now);
      if (line !== undefined || meaning === "swallowed") continue;
      // Nobody presses Enter inside a sequence: what began so was none, and what stands is not what was meant.
      if (meaning === "abandoned") clear();
      else if (meaning === "typed" && ENTER.includes(byte)) line = end();
      else if (meaning === "typed") edit(byte);
      else if (isText(byte)) add(byte);
    }
    bytes.fill(0);
    return { ...(line && { line }), shown: shown() };
  };
  const text = () => {
    const characters = standing.toString("utf8", 0, length);
    return sanitise(characters, LONGEST_ANSWER);
  };
  return { feed, text, clear };
}

function isText(byte: number): boolean {
  return byte >= 0x20 && byte !== DELETE;
}

/** Whether a byte continues a character of UTF-8 that began before it. */
function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
