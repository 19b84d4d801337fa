// One wrapped terminal: the user's terminal on one side, the shell's on the other.
import type { Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { readClocks } from "../system/clock.ts";
import { type Keys, keysTo } from "./keys.ts";
import type { Pty } from "./pty.ts";
import { type View, viewOn } from "./view.ts";

/** After the shell has ended, other programs may still write. After so long without a byte, nobody waits for them any more. */
const QUIET_MS = 100;

export interface Session {
  readonly keys: Keys;
  readonly view: View;
  /** When a program last wrote to the terminal, on the boot clock. */
  readonly lastOutputMs: number;
  /** For use after the shell has ended. Resolves once everything written to its terminal has gone to the user's. */
  drain(): Promise<void>;
}

/** Connects both sides until the shell's terminal closes. `input` and `output` are the user's terminal. */
export function joinTerminals(
  pty: Pty,
  { input, output }: { readonly input: Socket; readonly output: Socket },
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Session {
  const view = viewOn(output, columns, rows);
  const keys = keysTo((bytes) => {
    if (pty.input.write(bytes)) return;
    input.pause();
    pty.input.whenEmpty(() => input.resume());
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
  input.on("data", (bytes: Buffer) => keys.take(bytes));
  // The end of a stream tells that its terminal is gone. A pty also reports EIO then (pty(7)).
  for (const stream of [pty.output, input, output]) stream.on("error", () => undefined);
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
    drain: async () => {
      await Promise.race([closed, quiet()]);
      await passing;
      await view.flushed();
    },
  };
}
