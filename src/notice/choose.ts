// Decides the form of a notice, from what can be seen of a terminal from outside. Pure.
import { ICANON } from "../system/libc.ts";

/** What can be seen of the terminal that the foreground program uses. */
export interface TerminalTraits {
  /** ICANON: the kernel collects whole lines. */
  readonly canonical: boolean;
  /** OPOST: the kernel edits what programs write. */
  readonly processesOutput: boolean;
  /** ONLCR: it turns LF into CR LF. */
  readonly mapsNewline: boolean;
  /** ISIG: keys such as Ctrl-C send signals. */
  readonly signals: boolean;
  /** The names that the processes of the foreground group gave themselves: only a hint. */
  readonly names: readonly string[];
}

// termios(3), asm-generic/termbits.h.
const OPOST = 0o1;
const ONLCR = 0o4;
const ISIG = 0o1;

/** The evidence in the flag words of a terminal. */
export function evidenceOf(
  flags: { output: number; local: number },
  names: readonly string[],
): TerminalTraits {
  return {
    canonical: (flags.local & ICANON) !== 0,
    processesOutput: (flags.output & OPOST) !== 0,
    mapsNewline: (flags.output & ONLCR) !== 0,
    signals: (flags.local & ISIG) !== 0,
    names,
  };
}

/** Shells and interactive interpreters that edit one line with single keys and leave the rest of the screen alone. */
const LINE_EDITORS = new Set([
  ...[
    "bash",
    "zsh",
    "fish",
    "dash",
    "sh",
    "ash",
    "busybox",
    "ksh",
    "ksh93",
    "mksh",
    "tcsh",
    "csh",
    "nu",
    "xonsh",
    "elvish",
  ],
  ...[
    "python",
    "ipython",
    "bpython",
    "pypy",
    "node",
    "MainThread",
    "irb",
    "ruby",
    "perl",
    "php",
    "lua",
    "R",
    "julia",
    "ghc",
    "gdb",
  ],
  ...[
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "mongosh",
    "redis-cli",
    "sftp",
    "lftp",
    "ftp",
    "bc",
    "gnuplot",
    "octave",
  ],
]);

/**
 * Whether a name is that of a line editor. `python3.11` and `lua5.4` are still Python and Lua, and the name of a login shell can begin with
 * a dash.
 */
function editsLines(name: string): boolean {
  return LINE_EDITORS.has(name) || LINE_EDITORS.has(name.replace(/^-/, "").replace(/[\d.]+$/, ""));
}

/**
 * Whether this is Python's own prompt (`_pyrepl`, from 3.13 on). It turns the editing of output off and ISIG on. A Python program that
 * takes over the terminal (tty.setraw) turns both off. The prompt moves its cursor relatively, so its line may move down.
 */
function isPythonPrompt({ signals, names }: TerminalTraits): boolean {
  return signals && names.length > 0 && names.every((name) => /^(python|pypy)[\d.]*$/.test(name));
}

/**
 * The form for that evidence. If in doubt, the bar: at a prompt it costs one old line, but lines inserted into a full screen shift its rows
 * until the program draws again.
 */
export function formFor(evidence: TerminalTraits): "prompt" | "bar" {
  if (evidence.canonical) return "prompt";
  // Editors, nested ssh and sudo turn the editing of output off completely. curses turns ONLCR off.
  if (!evidence.processesOutput) return isPythonPrompt(evidence) ? "prompt" : "bar";
  if (!evidence.mapsNewline) return "bar";
  // Raw mode with ONLCR means a line editor or a pager. A shell that runs a pager in its own group (a script) counts as the pager.
  return evidence.names.length > 0 && evidence.names.every(editsLines) ? "prompt" : "bar";
}

/** Programs that open a terminal inside the user's terminal and copy everything between the two, screen row for screen row. */
const RELAYS = new Set(["sudo", "script", "su", "runuser", "doas"]);

/** Whether the user sees what runs on the inner terminal. That is false for the subshell of a file manager or an editor. */
export function isRelay(names: readonly string[]): boolean {
  return names.some((name) => RELAYS.has(name));
}

/** Whether a program is a client whose server itself draws on the terminal, and lives on after the client. */
export function isMultiplexerClient(name: string): boolean {
  return /^(tmux(: client)?|screen)$/.test(name);
}
