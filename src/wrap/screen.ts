// Keeps a cheap model of the user's screen beside the stream. Output is drawn in the model only when somebody asks, when the stream
// rests, or when too much output waits.
import { type Emulator, isBetweenSequences, isWhole, newEmulator, scrollsWhole } from "./emulator.ts";
import { shorten } from "./shorten.ts";

export interface Screen {
  readonly emulator: Emulator;
  /** Takes output. Returns a promise if the model is behind: feed nothing more before it resolves. */
  feed(bytes: Buffer): Promise<void> | undefined;
  /** Resolves once all output is drawn. */
  settle(): Promise<void>;
  resize(columns: number, rows: number): void;
  /** How many questions for the cursor's position have gone to the terminal, as far as the model has read the output. */
  readonly cursorQuestions: number;
  /** Whether something can be drawn over the screen now. Only ask this after `settle`. */
  readonly isDrawable: boolean;
}

const MOST_PENDING = 256 << 10;
/** Output is drawn when the stream has rested for so long. Then little is left to draw when somebody asks. */
const REST_MS = 30;

/** A model of an empty screen of this size. */
export function newScreen(columns: number, rows: number): Screen {
  const emulator = newEmulator(columns, rows);
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let drawing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let fedAtMs = 0;
  let cursorQuestions = 0;
  emulator.parser.registerCsiHandler({ final: "n" }, ([status]) => {
    if (status === 6) cursorQuestions += 1;
    return false;
  });

  const take = (): Buffer => {
    const bytes = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    return bytes;
  };
  const draw = (): Promise<void> => {
    drawing ??= (async () => {
      while (pendingBytes > 0) {
        const bytes = take();
        await new Promise<void>((resolve) => emulator.write(bytes, resolve));
      }
      drawing = undefined;
    })();
    return drawing;
  };
  const drawAtRest = () => {
    timer = undefined;
    if (performance.now() - fedAtMs < REST_MS) wait();
    else if (pendingBytes > 0) void draw();
  };
  const wait = () => {
    if (timer === undefined) timer = setTimeout(drawAtRest, REST_MS).unref();
  };

  return {
    emulator,
    feed: (bytes) => {
      pending.push(bytes);
      pendingBytes += bytes.length;
      fedAtMs = performance.now();
      if (pendingBytes < MOST_PENDING) {
        wait();
        return drawing && pendingBytes > MOST_PENDING / 2 ? drawing : undefined;
      }
      if (!drawing && isWhole(emulator) && scrollsWhole(emulator)) {
        const short = shorten(take(), emulator.rows);
        pending.push(short);
        pendingBytes = short.length;
        if (pendingBytes < MOST_PENDING / 4) return undefined;
      }
      return draw();
    },
    settle: async () => {
      while (pendingBytes > 0 || drawing) await draw();
    },
    resize: (toColumns, toRows) => emulator.resize(toColumns, toRows),
    get cursorQuestions() {
      return cursorQuestions;
    },
    get isDrawable() {
      return isBetweenSequences(emulator);
    },
  };
}
