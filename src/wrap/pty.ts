// The pty of the user's shell. Uses only the native half of node-pty: the other half loses the last output of a shell if the reader is
// slower than 200 ms, and uses the whole CPU while a program reads no input.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { ReadStream, WriteStream } from "node:tty";

/** How a program ended; `signal` is 0 unless a signal ended it. */
export interface ShellEnded {
  readonly status: number;
  readonly signal: number;
}

export interface Pty {
  readonly pid: number;
  readonly fd: number;
  /** The output of the programs on it. */
  readonly output: Socket;
  /** The input of these programs. */
  readonly input: Input;
  resize(columns: number, rows: number): void;
  /** Resolves once the started program has ended; other programs may still run. */
  readonly ended: Promise<ShellEnded>;
}

interface Native {
  fork(
    file: string,
    args: readonly string[],
    env: readonly string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    onExit: (status: number, signal: number) => void,
  ): { readonly fd: number; readonly pid: number; readonly pty: string };
  resize(fd: number, columns: number, rows: number, widthPixels: number, heightPixels: number): void;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Values for "do not change". The directory may have been removed meanwhile, or be closed to the user. */
const SAME_USER = -1;
const SAME_DIRECTORY = "";

/** Loads the native half of node-pty, built for glibc. Throws if it is missing or does not fit this Node. */
export function loadNative(): Native {
  return createRequire(import.meta.url)(`node-pty/prebuilds/linux-${process.arch}/pty.node`);
}

/** Starts a program on a new pty, as its session leader. Throws if there is no node-pty, or if no pty or process can be created. */
export function startOnPty({ file, args, env }: Program, columns: number, rows: number): Pty {
  const native = loadNative();
  const variables = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const ended = Promise.withResolvers<ShellEnded>();
  const { fd, pid } = native.fork(
    file,
    args,
    variables,
    SAME_DIRECTORY,
    columns,
    rows,
    SAME_USER,
    SAME_USER,
    true,
    "",
    (status, signal) => ended.resolve({ status, signal }),
  );
  return {
    pid,
    fd,
    output: new ReadStream(fd),
    input: inputOf(fd),
    resize: (toColumns, toRows) => native.resize(fd, toColumns, toRows, 0, 0),
    ended: ended.promise,
  };
}

/** Keys on their way to a program that may not read them for a long time. */
export interface Input {
  /** Takes bytes. Returns false if so many wait that the caller should stop until `whenEmpty` calls back. */
  write(bytes: Buffer): boolean;
  /** Calls `then` once no bytes wait any more. */
  whenEmpty(then: () => void): void;
}

const MOST_WAITING = 64 << 10;
const LONGEST_RETRY_MS = 10;

/** Writes again after a while if the pty takes no bytes. libuv would use the whole CPU: it cannot open such a terminal again. */
function inputOf(fd: number): Input {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let retryMs = 1;
  let timer: NodeJS.Timeout | undefined;
  let listeners: (() => void)[] = [];

  const offer = () => {
    timer = undefined;
    let bytes = waiting[0];
    try {
      while (bytes) {
        const written = writeSync(fd, bytes);
        retryMs = 1;
        waitingBytes -= written;
        if (written === bytes.length) waiting.shift();
        else waiting[0] = bytes.subarray(written);
        bytes = waiting[0];
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        timer = setTimeout(offer, retryMs);
        retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
        return;
      }
      // Nobody reads any more: the shell is ending.
      waiting = [];
      waitingBytes = 0;
    }
    const all = listeners;
    listeners = [];
    for (const then of all) then();
  };
  return {
    write: (bytes) => {
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (timer === undefined) offer();
      return waitingBytes < MOST_WAITING;
    },
    whenEmpty: (then) => {
      if (waitingBytes === 0) then();
      else listeners.push(then);
    },
  };
}

/** The output to the user's terminal. Writes wait in the event loop, so keys still pass while the terminal takes no output. */
export function openOutput(fd: number): Socket {
  const stream = new WriteStream(fd);
  // Node makes terminals blocking, to keep the order of console.log. libuv can wait for a terminal as for any other stream.
  (stream as unknown as { readonly _handle: { setBlocking(blocking: boolean): void } })._handle.setBlocking(
    false,
  );
  return stream;
}
