// One wrapped terminal: the user's terminal on one side, the shell's on the other.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { readClocks } from "../system/clock.ts";
import { type Keys, keysTo } from "./keys.ts";
import type { Ends } from "./outer.ts";
import type { Pty } from "./pty.ts";
import { type View, viewOn } from "./view.ts";

/** After the shell has ended, other programs may still write. After so long without a byte, nobody waits for them any more. */
const QUIET_MS = 100;

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Session {
  readonly keys: Keys;
  readonly view: View;
  /** When a program last wrote to the terminal, on the boot clock. */
  readonly lastOutputMs: number;
  /** Resolves once the user's terminal is gone. */
  readonly hungUp: Promise<void>;
  /**
   * Lets go of the user's terminal: from now on it is neither read nor written, and the programs go on. Returns false, with nothing changed, if
   * it does not take what is on its way.
   */
  letGo(): Promise<boolean>;
  /** The user's terminal is back, of this size. */
  takeBack(ends: Ends, size: Size): Promise<void>;
  /** For use after the shell has ended. Resolves once everything written to its terminal has gone to the user's. */
  drain(): Promise<void>;
}

/** Connects both sides until the shell's terminal closes. */
export function joinTerminals(pty: Pty, first: Ends, { columns, rows }: Size): Session {
  const hungUp = Promise.withResolvers<void>();
  let ends: Ends | undefined;
  const view = viewOn(first.output, columns, rows);
  const keys = keysTo((bytes) => {
    if (pty.input.write(bytes)) return;
    ends?.input.pause();
    pty.input.whenEmpty(() => ends?.input.resume());
  }, view);
  let lastOutputMs = readClocks().bootMs;
  let passing: Promise<unknown> | undefined;
  let chunks = 0;

  pty.output.on("data", (bytes: Buffer) => {
    chunks += 1;
    lastOutputMs = readClocks().bootMs;
    passing = view.pass(bytes);
    if (!passing) return;
    pty.output.pause();
    void passing.then(() => pty.output.resume());
  });
  // The end of a stream tells that its terminal is gone. A pty also reports EIO then (pty(7)).
  pty.output.on("error", () => undefined);
  const take = (next: Ends) => {
    ends = next;
    next.input.on("data", (bytes: Buffer) => keys.take(bytes));
    next.input.on("close", () => ends === next && hungUp.resolve());
    for (const stream of [next.input, next.output]) stream.on("error", () => undefined);
  };
  take(first);
  const closed = new Promise<void>((resolve) => pty.output.once("close", () => resolve()));
  const quiet = async () => {
    for (let seen = -1; seen !== chunks; ) {
      // Programs that a slow client delays are not quiet.
      await passing;
      seen = chunks;
      await sleep(QUIET_MS);
      // If this process had to wait for the CPU, there may be unread output.
      await nextTurn();
    }
  };

  return {
    keys,
    view,
    get lastOutputMs() {
      return lastOutputMs;
    },
    hungUp: hungUp.promise,
    letGo: async () => {
      if (!(await view.goAway())) {
        if (ends) await view.comeBack(ends.output);
        return false;
      }
      ends?.input.pause();
      ends = undefined;
      return true;
    },
    takeBack: async (next, size) => {
      take(next);
      pty.resize(size.columns, size.rows);
      view.resize(size.columns, size.rows);
      await view.comeBack(next.output);
    },
    drain: async () => {
      await Promise.race([closed, quiet()]);
      await passing;
      await view.flushed();
    },
  };
}
