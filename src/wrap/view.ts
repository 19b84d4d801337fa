// The way from the programs to the user: output passes unchanged. If there is a bar, it is drawn over the screen of the programs.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { stateOf } from "./emulator.ts";
import { beginMissing, type Missing } from "./missing.ts";
import { canDraw, drawBar, takeBar } from "./overlay.ts";
import { newScreen } from "./screen.ts";

/** The text of a bar for a screen of so many columns. */
export type BarText = (columns: number) => string;

export interface View {
  /** Writes output of the programs. Returns a promise if they should wait until it resolves. */
  pass(bytes: Buffer): Promise<unknown> | undefined;
  /** Shows a bar in place of the one before, or removes it. Returns whether a bar can be seen. */
  setBar(text: BarText | undefined): Promise<boolean>;
  /** Shows a bar for a moment. */
  flash(text: BarText): Promise<void>;
  readonly isBarSeen: boolean;
  /** Whether the last output has been written. */
  readonly isFinished: boolean;
  ring(): void;
  resize(columns: number, rows: number): void;
  /** Writes the last output for this terminal; resolves once it is on its way. Later output of the programs is dropped. */
  finish(bytes: string): Promise<void>;
  /** Resolves once all output so far has gone to the user's terminal; while that is away, once it is back. */
  flushed(): Promise<void>;
  /**
   * From now on the user's terminal is away: nothing is written, and the programs go on. Returns whether all output before has been written
   * in time. Do not call it twice without `comeBack`.
   */
  goAway(): Promise<boolean>;
  /** The user's terminal is back, with its screen as it was: writes or paints what it has missed. */
  comeBack(output: Socket): Promise<void>;
  /** How often the programs have asked for the cursor's position. Resolves once all their output has been read. */
  cursorQuestions(): Promise<number>;
}

const FLASH_MS = 1_500;
/** The rest of a sequence or of a frozen update comes within this time, or it will not come. */
const REST_MS = 200;
const REST_STEP_MS = 10;
/** A client that has not taken the output by then is stuck. */
const WRITE_MS = 1_000;

/** Shows the output of programs on a terminal of this size. */
export function viewOn(first: Socket, columns: number, rows: number): View {
  const screen = newScreen(columns, rows);
  let output = first;
  let missing: Missing | undefined;
  let isBack = Promise.resolve();
  let bar: BarText | undefined;
  let isDrawn = false;
  let isFinished = false;
  let flashes = 0;
  // One task after the other: each must find the screen as the task before left it.
  let work: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(step: () => T | Promise<T>): Promise<T> => {
    const result = work.then(async () => {
      await screen.settle();
      return step();
    });
    work = result.catch(() => undefined);
    return result;
  };

  const takeDown = () => {
    if (isDrawn) output.write(takeBar(stateOf(screen.emulator)));
    isDrawn = false;
  };
  const putUp = () => {
    const state = stateOf(screen.emulator);
    if (!bar || isFinished || missing || !screen.isDrawable || !canDraw(state)) return;
    output.write(drawBar(bar(state.columns), state));
    isDrawn = true;
  };
  const setBar = (text: BarText | undefined) =>
    inTurn(() => {
      takeDown();
      bar = text;
      putUp();
      return isDrawn;
    });
  const write = (bytes: Buffer): Promise<unknown> | undefined => {
    const fits = output.write(bytes);
    const behind = screen.feed(bytes);
    const drained = fits ? undefined : new Promise((resolve) => output.once("drain", resolve));
    return drained || behind ? Promise.all([drained, behind]) : undefined;
  };

  /** Takes a step between two sequences, if that is possible. */
  const betweenSequences = async (step: () => void) => {
    const take = (isLast: boolean) =>
      inTurn(() => {
        if (!isLast && !screen.isDrawable) return false;
        step();
        return true;
      });
    for (let waitedMs = 0; !(await take(waitedMs >= REST_MS)); waitedMs += REST_STEP_MS)
      await sleep(REST_STEP_MS);
  };
  const written = () => new Promise<void>((resolve) => output.write("", () => resolve()));

  return {
    pass: (bytes) => {
      if (isFinished) return undefined;
      if (missing) {
        missing.add(bytes);
        return screen.feed(bytes);
      }
      if (!bar && !isDrawn) return write(bytes);
      return inTurn(async () => {
        takeDown();
        await write(bytes);
        await screen.settle();
        putUp();
      });
    },
    setBar,
    flash: async (text) => {
      flashes += 1;
      const mine = flashes;
      await setBar(text);
      await sleep(FLASH_MS);
      if (mine === flashes && bar === text) await setBar(undefined);
    },
    get isBarSeen() {
      return isDrawn;
    },
    get isFinished() {
      return isFinished;
    },
    ring: () => {
      if (!missing) output.write("\x07");
    },
    resize: (toColumns, toRows) => {
      // Terminals lay out their rows again by their own rules. The bar is drawn again over the next output of the program.
      isDrawn = false;
      void inTurn(() => {
        screen.resize(toColumns, toRows);
        putUp();
      });
    },
    finish: (bytes) =>
      inTurn(() => {
        isFinished = true;
        return new Promise<void>((resolve) => output.write(bytes, () => resolve()));
      }),
    flushed: async () => {
      await isBack;
      await inTurn(written);
    },
    goAway: async () => {
      const back = Promise.withResolvers<void>();
      await betweenSequences(() => {
        takeDown();
        bar = undefined;
        missing = beginMissing(screen.emulator, back.resolve);
        isBack = back.promise;
      });
      return Promise.race([written().then(() => true), sleep(WRITE_MS, false)]);
    },
    comeBack: (next) =>
      betweenSequences(() => {
        output = next;
        const text = missing?.end();
        missing = undefined;
        if (text && !isFinished) output.write(text);
      }),
    cursorQuestions: async () => {
      await screen.settle();
      return screen.cursorQuestions;
    },
  };
}
