// Where the demo is shown: in two panes on a terminal, else as two streams with prefixes.

export interface Stage {
  /** The size of the user's terminal. */
  readonly columns: number;
  readonly rows: number;
  /** Output for the user's terminal, byte for byte. */
  user(data: string): void;
  /** The user's whole screen, from time to time. */
  screen(text: string): void;
  /** A line of the log. */
  log(line: string): void;
  /** A comment of the demo on what happens. */
  say(line: string): void;
  /** Resolves when the viewer has closed it. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** The rows that one screen has more often than the screen before, without blank rows. */
export function newRows(before: string, after: string): string[] {
  const old = before.split("\n");
  return after.split("\n").filter((row) => {
    const at = old.indexOf(row);
    if (at >= 0) old.splice(at, 1);
    return at < 0 && row.trim() !== "";
  });
}

/** Writes lines as they come, each after the name of its stream. */
export function openStreams(write: (text: string) => void): Stage {
  const line = (name: string) => (text: string) => write(`${name.padEnd(4)} | ${text}\n`);
  let told = "";
  let seen = "";
  return {
    columns: 80,
    rows: 24,
    user: () => undefined,
    screen: (text) => {
      // A screen that is still changing may have half a line on it.
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
