// The pty that the user's shell runs on. From node-pty only its native half: the other one drops what a shell wrote last when the reader
// is slower than 200 ms, and spins while a program reads no input.
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
  /** What the programs on it write. */
  readonly output: Socket;
  /** What they read. */
  readonly input: Input;
  resize(columns: number, rows: number): void;
  /** Resolves once the program that was started has ended; others may still be there. */
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

/** What is not to be changed. The directory may be gone, or closed to its user by now. */
const SAME_USER = -1;
const SAME_DIRECTORY = "";

/** Loads the native half of node-pty, as it was built for glibc. Throws when there is none, or none that this Node can use. */
export function loadNative(): Native {
  return createRequire(import.meta.url)(`node-pty/prebuilds/linux-${process.arch}/pty.node`);
}

/** Starts a program on a new pty, as the leader of its session. Throws when there is no node-pty, no pty or no process to be had. */
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

/** The keys on their way to a program that may not read them for long. */
export interface Input {
  /** Takes bytes. False once so many wait that no more should come before `whenEmpty` calls. */
  write(bytes: Buffer): boolean;
  /** Calls once none wait any more. */
  whenEmpty(then: () => void): void;
}

const MOST_WAITING = 64 << 10;
const LONGEST_RETRY_MS = 10;

/** libuv spins while a pty's master takes no bytes (it counts as a terminal that cannot be opened again), so they are offered again. */
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

/** The way to the user's terminal. Its writes wait in the event loop, so that keys still come through while it takes none. */
export function openOutput(fd: number): Socket {
  const stream = new WriteStream(fd);
  // Node makes terminals block, for the order of what console.log writes. libuv can wait for one as for any other stream.
  (stream as unknown as { readonly _handle: { setBlocking(blocking: boolean): void } })._handle.setBlocking(
    false,
  );
  return stream;
}
