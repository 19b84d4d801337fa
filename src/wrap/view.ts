// The way from the programs to the user: what they write goes through as it is, with a bar over their screen when there is one.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { stateOf } from "./emulator.ts";
import { canDraw, drawBar, takeBar } from "./overlay.ts";
import { newScreen } from "./screen.ts";

/** Says it for a screen that many columns wide. */
export type BarText = (columns: number) => string;

export interface View {
  /** Writes what the programs wrote. A promise where they should wait until it resolves. */
  pass(bytes: Buffer): Promise<unknown> | undefined;
  /** Puts a bar up in the place of the one before, or takes it down. Returns whether one can be seen. */
  setBar(text: BarText | undefined): Promise<boolean>;
  /** Shows a bar for a moment. */
  flash(text: BarText): Promise<void>;
  readonly isBarSeen: boolean;
  /** The last thing has been written. */
  readonly isFinished: boolean;
  ring(): void;
  resize(columns: number, rows: number): void;
  /** Writes the last thing that this terminal gets, and resolves once it is on its way. What programs write later goes nowhere. */
  finish(bytes: string): Promise<void>;
  /** Resolves once everything so far has gone to the user's terminal. */
  flushed(): Promise<void>;
  /** How often the programs have asked for the cursor's position; resolves once all that they wrote has been looked at. */
  cursorQuestions(): Promise<number>;
}

const FLASH_MS = 1_500;

/** Shows what programs write on a terminal of that size. */
export function viewOn(output: Socket, columns: number, rows: number): View {
  const screen = newScreen(columns, rows);
  let bar: BarText | undefined;
  let isDrawn = false;
  let isFinished = false;
  let flashes = 0;
  // One thing after the other: each must find the screen as the one before left it.
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
    if (!bar || isFinished || !screen.isDrawable || !canDraw(state)) return;
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

  return {
    pass: (bytes) => {
      if (isFinished) return undefined;
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
    ring: () => void output.write("\x07"),
    resize: (toColumns, toRows) => {
      // Terminals lay their rows out anew by rules of their own: the bar comes back over what the program draws next.
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
    flushed: () => inTurn(() => new Promise<void>((resolve) => output.write("", () => resolve()))),
    cursorQuestions: async () => {
      await screen.settle();
      return screen.cursorQuestions;
    },
  };
}
