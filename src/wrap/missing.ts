// What the user's terminal misses while it is away: a little output is kept as it is, of more only the screen is.
import type { Emulator } from "./emulator.ts";
import { paint } from "./paint.ts";

export interface Missing {
  readonly add: (bytes: Buffer) => void;
  /** The output that brings the terminal up to date. Call it once. */
  readonly end: () => Buffer | string;
}

/** A client takes so much in a moment. */
const MOST_BYTES = 256 << 10;

/**
 * Begins when the terminal goes away, with the screen that the model shows now. The output itself is the better choice: it also has what the
 * model does not know, and lines for the scrollback. But it needs the same screen to begin on: a lock gives back the main screen, and of the
 * alternate one nothing; and with another size the terminal has laid out its rows anew. `onEnd` is called at the end.
 */
export function beginMissing(emulator: Emulator, onEnd: () => void): Missing {
  const { cols: columns, rows } = emulator;
  const isAlternate = emulator.buffer.active.type === "alternate";
  let kept: Buffer[] | undefined = [];
  let keptBytes = 0;
  let hasSwitched = false;
  const switches = emulator.buffer.onBufferChange(() => {
    hasSwitched = true;
  });
  return {
    add: (bytes) => {
      keptBytes += bytes.length;
      if (keptBytes > MOST_BYTES) kept = undefined;
      kept?.push(bytes);
    },
    end: () => {
      switches.dispose();
      onEnd();
      const isSameSize = emulator.cols === columns && emulator.rows === rows;
      if (kept && !isAlternate && isSameSize) return Buffer.concat(kept);
      return paint(emulator, { isAlternate, isMainStale: !isAlternate || hasSwitched });
    },
  };
}
