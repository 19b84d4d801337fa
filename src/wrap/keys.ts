// The way from the user to the programs: everything passes unchanged, except the key that answers a bar.
import { readClocks } from "../system/clock.ts";
import { echoOf } from "./echo.ts";
import { isCursorPosition, makerOf, pasteMark } from "./person.ts";
import { type Unit, unitReader } from "./units.ts";
import type { View } from "./view.ts";

/** What is known from the input of a terminal. Times on the boot clock. */
export interface Keys {
  /** Takes bytes from the terminal. */
  take(bytes: Buffer): void;
  /** From now on, the next key takes the bar down and goes no further. */
  awaitAnswer(): void;
  /** From now on, keys go through again. */
  forgetAnswer(): void;
  readonly awaitsAnswer: boolean;
  /** When the user last pressed a key, pasted or clicked. */
  readonly lastKeyMs: number;
  readonly lastMotionMs: number;
  /** What the terminal sent by itself, in bytes of the connection. */
  readonly chatterBytes: number;
  /** The total time until now in which the client may have sent made-up keystrokes, in ms. */
  readonly echoMs: number;
}

/** A terminal sends a sequence at once: bytes that come later than this are another key. */
const REST_OF_SEQUENCE_MS = 100;
/**
 * The cost of a report on the connection, besides its bytes: header, padding and authentication code of an SSH packet. Reports that come
 * in one read may each have had a packet of their own.
 */
const PACKET_BYTES = 64;
/** `ESC [ 1 ; 2 R` is an answer of the terminal or F3 with a modifier. If it is cut, the rest comes while a unit is pending. */
const AMBIGUOUS = "\x1b[1;";

/** The length in bytes of the first key of a unit; in text, of one character in UTF-8. */
function firstKeyLength({ kind, bytes }: Unit): number {
  if (kind !== "text") return bytes.length;
  const lead = bytes[0] ?? 0;
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** Reads keys and gives them to `send`. */
export function keysTo(send: (bytes: Buffer) => void, view: View): Keys {
  const reader = unitReader();
  const bootMs = () => readClocks().bootMs;
  let lastKeyMs = bootMs();
  let lastMotionMs = 0;
  let chatterBytes = 0;
  const echo = echoOf();
  let questions = 0;
  let answers = 0;
  let inPaste = false;
  let awaitsAnswer = false;
  let isHeld = false;
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> | undefined;

  /** Notes who made a unit. Returns the part of it that goes on to the programs. */
  const look = (unit: Unit): Buffer => {
    const mark = pasteMark(unit);
    if (mark) inPaste = mark === "begin";
    const asked = { cursorPositions: questions - answers };
    const maker = inPaste && !mark ? "person" : makerOf(unit, asked);
    if (isCursorPosition(unit, asked)) answers += 1;
    if (maker === "motion") lastMotionMs = bootMs();
    if (maker === "terminal" || maker === "motion") chatterBytes += unit.bytes.length + PACKET_BYTES;
    if (maker !== "person") return unit.bytes;
    lastKeyMs = bootMs();
    if (!awaitsAnswer) return unit.bytes;
    awaitsAnswer = false;
    const answered = view.isBarSeen && !inPaste;
    void view.setBar(undefined);
    return answered ? unit.bytes.subarray(firstKeyLength(unit)) : unit.bytes;
  };
  const pass = (units: readonly Unit[], bytes: Buffer) => {
    // If nobody waits for an answer, nothing is held back: a lone ESC passes at once.
    const holds = isHeld || (awaitsAnswer && view.isBarSeen);
    if (!holds) send(bytes);
    const going = Buffer.concat(units.map(look));
    if (holds && going.length > 0) send(going);
    isHeld = holds && reader.pending;
  };
  const rest = () => pass(reader.flush(), Buffer.alloc(0));

  const takeNow = (bytes: Buffer) => {
    clearTimeout(timer);
    pass(reader.push(bytes), bytes);
    if (reader.pending) timer = setTimeout(rest, REST_OF_SEQUENCE_MS);
  };

  return {
    take: (bytes) => {
      echo.heard(bootMs());
      clearTimeout(timer);
      if (!turn && !reader.pending && !bytes.includes(AMBIGUOUS)) return takeNow(bytes);
      const mine = (turn ?? Promise.resolve()).then(async () => {
        questions = await view.cursorQuestions();
        takeNow(bytes);
        if (turn === mine) turn = undefined;
      });
      turn = mine;
    },
    awaitAnswer: () => {
      awaitsAnswer = true;
    },
    forgetAnswer: () => {
      awaitsAnswer = false;
    },
    get awaitsAnswer() {
      return awaitsAnswer;
    },
    get lastKeyMs() {
      return lastKeyMs;
    },
    get lastMotionMs() {
      return lastMotionMs;
    },
    get chatterBytes() {
      return chatterBytes;
    },
    get echoMs() {
      return echo.lastedMs(bootMs());
    },
  };
}
