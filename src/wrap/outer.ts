// The user's terminal, as a wrap has it open. While root has it locked, the wrap may have no descriptor of it (src/lock/let-go.ts): it closes
// them all, and opens the terminal again afterwards.
import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { looksTaken } from "../lock/attributes.ts";
import { usableSize } from "../notice/form.ts";
import { getWindowSize } from "../system/libc.ts";
import { openOutput } from "./pty.ts";

/** Both directions of the user's terminal. */
export interface Ends {
  readonly input: Socket;
  readonly output: Socket;
}

export interface Outer {
  /** As it is open now; after `close`, of before. */
  readonly ends: Ends;
  /** Throws if the terminal is gone, or closed. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Whether a lock waits for this process to let go. False if it could not come back. */
  readonly mustLetGo: () => boolean;
  /** Closes every descriptor of the terminal. */
  readonly close: () => void;
  /** Opens it again once no lock has it. Returns false if it is gone. */
  readonly reopen: () => Promise<boolean>;
}

/** The lock's end has no sign that always comes: the locker may have been killed. */
const LOOK_EVERY_MS = 250;
const LAST_STANDARD = 2;
/** This session's terminal, whoever has its number by now. */
const CONTROLLING_TERMINAL = "/dev/tty";
const FLAGS = constants.O_RDWR | constants.O_NOCTTY;

/** The terminal on standard input and output. */
export function outerTerminal(): Outer {
  const path = readlinkSync("/proc/self/fd/0");
  const canReturn = canOpenAgain(path);
  let fds: readonly [number, number] = [0, 1];
  let ends = endsOf(fds);
  let isOpen = true;
  return {
    get ends() {
      return ends;
    },
    size: () => usableSize(getWindowSize(fds[0])),
    mustLetGo: () => isOpen && canReturn && looksTaken(fstatSync(fds[0])),
    close: () => {
      isOpen = false;
      closeEnd(ends.input, fds[0]);
      closeEnd(ends.output, fds[1]);
    },
    reopen: async () => {
      const opened = await openAgain(path);
      if (!opened) return false;
      fds = opened;
      ends = endsOf(fds);
      isOpen = true;
      return true;
    },
  };
}

const endsOf = ([input, output]: readonly [number, number]): Ends => ({
  input: new ReadStream(input),
  output: openOutput(output),
});

/** Not in a directory without /dev (sshd's ChrootDirectory). Where it looks as if it were locked from the start, nobody could tell its end. */
function canOpenAgain(path: string): boolean {
  try {
    for (const it of [path, CONTROLLING_TERMINAL]) closeSync(openSync(it, FLAGS));
    const status = statSync(path);
    return status.rdev === fstatSync(0).rdev && !looksTaken(status);
  } catch {
    return false;
  }
}

/** libuv opens a terminal once more for each stream, and closes that one alone; those up to 2 not at all. */
function closeEnd(stream: Socket, fd: number): void {
  const { _handle: handle } = stream as unknown as { readonly _handle: { readonly fd: number } | null };
  const isClosedWithIt = handle?.fd === fd && fd > LAST_STANDARD;
  stream.destroy();
  if (isClosedWithIt) return;
  closeSync(fd);
  // The number is the lowest free one. Nothing else may get it.
  if (fd <= LAST_STANDARD) openSync("/dev/null", "r+");
}

async function openAgain(path: string): Promise<readonly [number, number] | undefined> {
  for (;;) {
    try {
      // A descriptor of it, if only for a moment, would count as kept: so its status is asked first.
      if (!looksTaken(statSync(path))) return openNow(path);
    } catch (error) {
      // EBUSY and EACCES: the lock is about to end, or another one begins.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EBUSY" && code !== "EACCES") return undefined;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** Throws ENXIO if this session has no terminal any more; another one may have its name by now. While it is open, none can. */
function openNow(path: string): readonly [number, number] {
  const own = openSync(CONTROLLING_TERMINAL, FLAGS);
  try {
    const input = openSync(path, FLAGS);
    try {
      return [input, openSync(path, FLAGS)];
    } catch (error) {
      closeSync(input);
      throw error;
    }
  } finally {
    closeSync(own);
  }
}
