// A real program on a real pty, its screen kept by a terminal emulator, as a user would see it.
import xterm from "@xterm/headless";
import { type IPty, spawn } from "node-pty";
import { descendantsOf, readStat } from "../../src/login/process.ts";
import { type Terminal, terminalsOf } from "../../src/login/terminal.ts";

const BOUND_MS = 20_000;

export interface Screen {
  readonly emulator: xterm.Terminal;
  readonly pty: IPty;
  /** The rows as text, trailing blanks off. */
  rows(): string[];
  /** Every cell with its colours and flags, and the cursor: for comparing two moments. */
  picture(): string;
  /** A cursor that waits behind the last column to wrap counts as on it. */
  cursor(): { x: number; y: number };
  /** All that was sent to the screen so far. */
  sent(): string;
  bells(): number;
  type(keys: string): void;
  waitFor(what: string, condition: () => boolean): Promise<void>;
  /** Until nothing has arrived for 300 ms. */
  settle(): Promise<void>;
  /** The terminal as afkill finds it below this process. */
  terminal(): Terminal;
  [Symbol.dispose](): void;
}

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program as the leader of a session on a new pty. */
export function startScreen(command: readonly [string, ...string[]], options: ScreenOptions = {}): Screen {
  const { columns = 80, rows = 24, env = {} } = options;
  const [file, ...args] = command;
  const pty = spawn(file, args, {
    cols: columns,
    rows,
    name: "xterm-256color",
    encoding: null,
    env: { PATH: process.env.PATH, HOME: "/nonexistent", LANG: "C.UTF-8", TERM: "xterm-256color", ...env },
  });
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  let sent = "";
  let bells = 0;
  emulator.onBell(() => bells++);
  let lastMs = Date.now();
  let pending = 0;
  pty.onData((data: unknown) => {
    const bytes = data as Buffer;
    sent += bytes.toString("latin1");
    lastMs = Date.now();
    pending++;
    emulator.write(bytes, () => pending--);
  });
  // Programs ask the terminal what it is and wait for the answer.
  emulator.onData((answer) => pty.write(answer));

  const lines = () => {
    const buffer = emulator.buffer.active;
    return Array.from({ length: emulator.rows }, (_, row) => buffer.getLine(buffer.baseY + row));
  };
  const screen: Screen = {
    emulator,
    pty,
    rows: () => lines().map((line) => line?.translateToString(true).trimEnd() ?? ""),
    cursor: () => {
      const { cursorX, cursorY } = emulator.buffer.active;
      return { x: Math.min(cursorX, emulator.cols - 1), y: cursorY };
    },
    picture: () => {
      const cells = lines().map((line) =>
        Array.from({ length: emulator.cols }, (_, column) => {
          const cell = line?.getCell(column);
          return `${cell?.getChars() || " "}${cell?.getFgColor()},${cell?.getBgColor()},${cell?.isInverse()}${cell?.isBold()}`;
        }).join("|"),
      );
      return [...cells, JSON.stringify(screen.cursor())].join("\n");
    },
    sent: () => sent,
    bells: () => bells,
    type: (keys) => pty.write(keys),
    waitFor: async (what, condition) => {
      const deadline = Date.now() + BOUND_MS;
      while (!condition()) {
        if (Date.now() > deadline) throw new Error(`never: ${what}\n${screen.rows().join("\n")}`);
        await pause(20);
      }
    },
    settle: () => {
      const calledMs = Date.now();
      return screen.waitFor(
        "a quiet screen",
        () => pending === 0 && Date.now() - Math.max(calledMs, lastMs) > 300,
      );
    },
    terminal: () => {
      // The child needs a moment to become a session leader.
      for (let round = 0; round < 200; round++) {
        const self = readStat(process.pid);
        const found = self && terminalsOf({ server: self }).find(({ leader }) => leader?.pid === pty.pid);
        if (found) return found;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
      throw new Error(`no terminal led by ${pty.pid}`);
    },
    [Symbol.dispose]: () => {
      for (const { pid } of descendantsOf(pty.pid)) kill(pid);
      kill(pty.pid);
      emulator.dispose();
    },
  };
  return screen;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
