// Where the demo is seen: two panes on a terminal, two prefixed streams anywhere else.

export interface Stage {
  /** The size of the user's terminal. */
  readonly columns: number;
  readonly rows: number;
  /** What the user's terminal gets, byte for byte. */
  user(data: string): void;
  /** The user's whole screen, now and then. */
  screen(text: string): void;
  /** A line of the log. */
  log(line: string): void;
  /** What the demo itself has to say about what happens. */
  say(line: string): void;
  /** Resolves when the watcher has closed it. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** The rows that are on one screen more often than on the one before, without the blank ones. */
export function newRows(before: string, after: string): string[] {
  const old = before.split("\n");
  return after.split("\n").filter((row) => {
    const at = old.indexOf(row);
    if (at >= 0) old.splice(at, 1);
    return at < 0 && row.trim() !== "";
  });
}

/** Writes lines as they come, each behind the name of its stream. */
export function openStreams(write: (text: string) => void): Stage {
  const line = (name: string) => (text: string) => write(`${name.padEnd(4)} | ${text}\n`);
  let told = "";
  let seen = "";
  return {
    columns: 80,
    rows: 24,
    user: () => undefined,
    screen: (text) => {
      // A screen that still changes has half a line on it.
      if (text === seen) {
        newRows(told, text).forEach(line("user"));
        told = text;
      }
      seen = text;
    },
    log: line("log"),
    say: line("demo"),
    closed: new Promise(() => undefined),
    close: async () => undefined,
  };
}
