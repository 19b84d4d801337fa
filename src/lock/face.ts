// What stands on the screen of a locked terminal, and that it stays there: it is drawn again when others write or the size changes.
import { fstatSync } from "node:fs";
import { getWindowSize, isWritable, setModifiedTime } from "../system/libc.ts";
import { drawScreen, takeScreen } from "./screen.ts";
import type { ScreenText } from "./screen-text.ts";
import type { Seized } from "./seize.ts";
import { ioOf } from "./terminal-io.ts";

/** The screen of a locked terminal. Its calls may overlap: what was asked for last is what stands at the end. */
export interface Face {
  /** Draws a text over what stands there. */
  readonly show: (text: ScreenText) => Promise<void>;
  /** Draws it again if it may not stand there any more. */
  readonly refresh: () => Promise<void>;
  /** Waits until nothing is being drawn. From then on nothing is. */
  readonly close: () => Promise<void>;
}

/** The kernel notes the time of an output only if the last one was some seconds before (`tty_update_time`). */
const LONG_AGO_NS = 60_000_000_000n;

/** Takes the screen of a terminal; nothing is drawn yet. */
export async function takeFace({ fd, screen }: Pick<Seized, "fd" | "screen">): Promise<Face> {
  const { write } = ioOf(fd);
  const take = () => write(takeScreen(screen, getWindowSize(fd)));
  let isTaken = await take();
  const others = watchOthers(fd);
  let text: ScreenText | undefined;
  let drawn = "";
  let last = Promise.resolve();

  const draw = async () => {
    if (!text) return;
    const size = getWindowSize(fd);
    // A part of a screen may be there: then it is drawn again.
    drawn = "";
    if (!isWritable(fd)) return;
    // A terminal that took nothing at first: without this, the lock would be drawn over what stands there.
    isTaken ||= await take();
    if (isTaken && (await write(drawScreen(text, size)))) drawn = `${size.rows} ${size.columns}`;
  };
  let isClosed = false;
  const inTurn = (step: () => Promise<void>) => {
    const unlessClosed = async () => {
      if (!isClosed) await step();
    };
    last = last.then(unlessClosed, unlessClosed);
    return last;
  };
  return {
    show: (next) => {
      text = next;
      return inTurn(draw);
    },
    refresh: () =>
      inTurn(async () => {
        const { rows, columns } = getWindowSize(fd);
        if (others.haveWritten() || drawn !== `${rows} ${columns}`) await draw();
      }),
    close: async () => {
      isClosed = true;
      await last.catch(() => undefined);
    },
  };
}

/** Tells whether others have written to a terminal since this was asked last. Our own writes leave the time of the last output alone. */
function watchOthers(fd: number): { readonly haveWritten: () => boolean } {
  const markNs = fstatSync(fd, { bigint: true }).mtimeNs - LONG_AGO_NS;
  const mark = () => setModifiedTime(fd, markNs);
  mark();
  return {
    haveWritten: () => {
      if (fstatSync(fd, { bigint: true }).mtimeNs === markNs) return false;
      mark();
      return true;
    },
  };
}
