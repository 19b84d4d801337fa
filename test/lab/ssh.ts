// A real ssh client on a real pty, with a screen that can be read.
import xterm, { type Terminal } from "@xterm/headless";
import { type IPty, spawn } from "node-pty";

/** What comes at once elsewhere may take a minute on a busy host. */
const WAIT_BOUND_MS = 120_000;

/** How a client ended; `signal` is 0 unless a signal ended it. */
export interface Exit {
  readonly status: number;
  readonly signal: number;
}

export interface Ssh {
  /** The pid of the client as the outside sees it. */
  readonly pid: number;
  /** The screen that the user sees, as an xterm would draw it. */
  readonly terminal: Terminal;
  /** The text of that screen, rows without their trailing blanks. */
  screen(): string;
  /** Everything that came out so far, as it came. */
  readonly output: string;
  /** Calls `listener` with all that comes out from now on, as it comes. */
  onOutput(listener: (data: string) => void): void;
  /** Types. */
  write(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen matches, were it for a moment, or the predicate holds. Rejects after `boundMs`, or when the client has ended and a screen cannot match any more; the error shows the screen and the lab. */
  waitFor(what: RegExp | (() => boolean | Promise<boolean>), boundMs?: number): Promise<void>;
  /** Resolves once the client has ended and its last output is on the screen. */
  readonly exit: Promise<Exit>;
  /** Closes the client's window: it gets SIGHUP. */
  kill(): void;
}

/** Starts a program on a pty of its own. `report` is asked for what else to show when a wait fails. */
export function openTerminal(
  argv: readonly string[],
  size: { readonly cols: number; readonly rows: number },
  report: () => string,
): Ssh {
  const terminal = new xterm.Terminal({ ...size, allowProposedApi: true, scrollback: 1000 });
  const pty: IPty = spawn(argv[0] ?? "", argv.slice(1), {
    ...size,
    name: "xterm-256color",
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", TERM: "xterm-256color", LANG: "C.UTF-8" },
  });
  let output = "";
  let ended = false;
  const changed = new Set<() => void>();
  const tell = () => {
    for (const listener of changed) listener();
  };
  pty.onData((data) => {
    output += data;
    terminal.write(data, tell);
  });
  // What a terminal answers to a program's questions (cursor position, device attributes).
  terminal.onData((data) => {
    if (!ended) pty.write(data);
  });
  const exit = new Promise<Exit>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      // An empty write comes back when everything before it has been drawn.
      terminal.write("", () => {
        ended = true;
        tell();
        resolve({ status: exitCode, signal: signal ?? 0 });
      });
    });
  });

  const screen = () => {
    const { active } = terminal.buffer;
    const rows = Array.from({ length: terminal.rows }, (_, row) => active.getLine(active.viewportY + row));
    return rows.map((line) => line?.translateToString(true) ?? "").join("\n");
  };

  const waitFor: Ssh["waitFor"] = async (what, boundMs = WAIT_BOUND_MS) => {
    const deadline = Date.now() + boundMs;
    const isScreen = what instanceof RegExp;
    let matched = false;
    let wake = () => {};
    // With each piece that is drawn, so that a screen that passes by is seen however late the loop below goes on.
    const look = () => {
      if (isScreen) matched ||= what.test(screen());
      wake();
    };
    changed.add(look);
    try {
      look();
      while (!(isScreen ? matched : await what())) {
        const hopeless = ended && isScreen;
        if (hopeless || Date.now() > deadline) {
          const why = hopeless ? "the client has ended" : `not within ${boundMs} ms`;
          throw new Error(
            `waited for ${what}: ${why}\n--- screen of ${argv.slice(-3).join(" ")}\n${screen()}\n${report()}`,
          );
        }
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      changed.delete(look);
    }
  };

  return {
    pid: pty.pid,
    terminal,
    screen,
    get output() {
      return output;
    },
    onOutput: (listener) => void pty.onData(listener),
    write: (keys) => pty.write(keys),
    resize: (columns, rows) => {
      pty.resize(columns, rows);
      terminal.resize(columns, rows);
    },
    waitFor,
    exit,
    kill: () => {
      if (!ended) pty.kill("SIGHUP");
    },
  };
}
