// Which form a notice takes: decided from what can be seen of a terminal from outside. Pure.
import { ICANON } from "../system/libc.ts";

/** What is seen of the terminal that the foreground program owns. */
export interface TerminalTraits {
  /** ICANON: the kernel collects whole lines. */
  readonly canonical: boolean;
  /** OPOST: the kernel edits what programs write. */
  readonly processesOutput: boolean;
  /** ONLCR: it turns LF into CR LF. */
  readonly mapsNewline: boolean;
  /** ISIG: keys such as Ctrl-C signal. */
  readonly signals: boolean;
  /** What the processes of the foreground group call themselves: a hint only. */
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

/** `python3.11` and `lua5.4` are still Python and Lua; a login shell may put a dash before its name. */
function editsLines(name: string): boolean {
  return LINE_EDITORS.has(name) || LINE_EDITORS.has(name.replace(/^-/, "").replace(/[\d.]+$/, ""));
}

/**
 * Python's own prompt (`_pyrepl`, from 3.13 on): it turns the editing of output off, and ISIG on, while a Python program that takes
 * the terminal for itself (tty.setraw) turns both off. It moves its cursor relatively, so its line may move down.
 */
function isPythonPrompt({ signals, names }: TerminalTraits): boolean {
  return signals && names.length > 0 && names.every((name) => /^(python|pypy)[\d.]*$/.test(name));
}

/**
 * The form for that evidence. In doubt the bar: at a prompt it costs one old line, while lines inserted into a full screen shift
 * its rows until the program draws again.
 */
export function formFor(evidence: TerminalTraits): "prompt" | "bar" {
  if (evidence.canonical) return "prompt";
  // Editors, nested ssh and sudo turn the editing of output off altogether; curses turns ONLCR off.
  if (!evidence.processesOutput) return isPythonPrompt(evidence) ? "prompt" : "bar";
  if (!evidence.mapsNewline) return "bar";
  // Raw with ONLCR on is a line editor or a pager. A shell that runs a pager in its own group (a script) counts as the pager.
  return evidence.names.length > 0 && evidence.names.every(editsLines) ? "prompt" : "bar";
}

/** Programs that open a terminal inside the user's and copy everything between the two, screen row for screen row. */
const RELAYS = new Set(["sudo", "script", "su", "runuser", "doas"]);

/** Whether what runs on the terminal inside is what the user sees: not so for the subshell of a file manager or an editor. */
export function isRelay(names: readonly string[]): boolean {
  return names.some((name) => RELAYS.has(name));
}

/** Clients whose server draws on the terminal by itself, and lives on when the client goes. */
export function isMultiplexerClient(name: string): boolean {
  return /^(tmux(: client)?|screen)$/.test(name);
}
