// The programs that notices are tried on, as a user would have them in front: jobs of an interactive shell.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Screen, startScreen } from "./notice-screen.ts";

/** A home directory of its own for each test, so that no file of the machine's user changes what a program does. */
export interface Home {
  readonly path: string;
  readonly textFile: string;
  [Symbol.dispose](): void;
}

export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), "notice-"));
  const textFile = join(path, "text");
  writeFileSync(textFile, Array.from({ length: 60 }, (_, index) => `line ${index + 1}\n`).join(""));
  writeFileSync(
    join(path, ".tmux.conf"),
    "set -g status-right ''\nset -g mouse on\nset -g automatic-rename off\n",
  );
  return { path, textFile, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface FullScreenProgram {
  readonly name: string;
  /** Its command line; `$HOME/text` is a file of 60 lines. */
  readonly line: string;
  /** Shown once it is ready. */
  readonly ready: RegExp;
  /** Typed then: away from the start, and off with the greeting that no program draws twice. */
  readonly keys?: string;
  /** What it shows changes by itself: numbers, times, order. */
  readonly lively?: true;
  /** It never stops drawing. */
  readonly restless?: true;
}

const SERVER = 'tmux -S "$HOME/socket"';

export const FULL_SCREEN: readonly FullScreenProgram[] = [
  {
    name: "vim",
    line: "vim -N -u NONE -i NONE -c 'set mouse=a ruler' \"$HOME/text\"",
    ready: /1,1 +Top/,
    keys: "jjll\x0c",
  },
  { name: "less", line: 'less "$HOME/text"', ready: /line 23/, keys: "jjk" },
  { name: "top", line: "top -d 600", ready: /PID USER/, lively: true },
  { name: "htop", line: "htop -d 100", ready: /F10Quit/, lively: true },
  { name: "mc", line: 'mc --nosubshell "$HOME" "$HOME"', ready: /10Quit|10 ?Quit/ },
  {
    name: "nano",
    line: 'nano --ignorercfiles --quickblank "$HOME/text"',
    ready: /\^X Exit/,
    keys: "\x1b[B\x1b[B\x1b[C",
  },
  { name: "tmux", line: `${SERVER} new-session -n sh 'exec sh'`, ready: /\[0\].*sh/ },
  { name: "screen", line: "screen -c /dev/null sh", ready: /[#$]/ },
];

/** Starts a program as a job of an interactive bash and waits until it has drawn. */
export async function startProgram(program: FullScreenProgram, home: Home): Promise<Screen> {
  const screen = startScreen(["/bin/bash", "--norc", "-i", "-c", `${program.line}; exec bash --norc`], {
    env: { HOME: home.path, SCREENDIR: home.path, PS1: "$ " },
  });
  try {
    await screen.waitFor(program.name, () => screen.rows().some((row) => program.ready.test(row)));
    if (program.restless) return screen;
    await screen.settle();
    screen.type(program.keys ?? "");
    await screen.settle();
    return screen;
  } catch (error) {
    screen[Symbol.dispose]();
    throw error;
  }
}

/** Ends the servers that outlive their clients. */
export function stopServers(home: Home): void {
  for (const [file, ...args] of [
    ["tmux", "-S", join(home.path, "socket"), "kill-server"],
    ["screen", "-X", "quit"],
  ] as const) {
    try {
      execFileSync(file, args, { env: { ...process.env, SCREENDIR: home.path }, stdio: "ignore" });
    } catch {
      // None was running.
    }
  }
}
