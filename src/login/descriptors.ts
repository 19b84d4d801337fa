// What a process has open, read piece by piece: a process can have a million descriptors, and listing them all takes seconds.
import { opendirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { type IsOver, UNLIMITED } from "./budget.ts";

/** A descriptor and its target, such as `/dev/ptmx` or `socket:[4711]`. These are the kernel's words, except for the path of a file. */
export interface Descriptor {
  readonly fd: number;
  readonly target: string;
}

/**
 * The open descriptors of a process, lowest first: at most `most`, and only until the time is up. None if we may not look, or the process
 * is gone.
 */
export function* descriptorsIn(pid: number, most: number, isOver: IsOver = UNLIMITED): Generator<Descriptor> {
  const path = `/proc/${pid}/fd`;
  for (const fd of numbersIn(path, most)) {
    if (isOver()) return;
    const target = linkOf(`${path}/${fd}`);
    if (target !== "") yield { fd, target };
  }
}

/** The names in a directory of /proc that are numbers, at most `most`. The kernel lists descriptors in order (proc_pid_fd(5)). */
function* numbersIn(path: string, most: number): Generator<number> {
  const few = fewNumbersIn(path);
  if (few) return yield* few.slice(0, most);
  const directory = open(path, Math.min(most, FEW));
  if (!directory) return;
  try {
    for (let left = most; left > 0; left--) {
      const name = directory.readSync()?.name;
      if (name === undefined) return;
      yield Number(name);
    }
  } catch {
    // It is gone.
  } finally {
    directory.closeSync();
  }
}

/** So many descriptors are listed at once: most processes have fewer. */
const FEW = 256;

/**
 * The numbers in the directory of a process's descriptors, if they are few; `undefined` otherwise, or if that is not known. From Linux 6.2 on
 * the size of that directory is their number. Node needs longer to open a directory piece by piece than a check has for all descriptors.
 */
function fewNumbersIn(path: string): number[] | undefined {
  try {
    const { size } = statSync(path);
    if (size === 0 || size > FEW) return undefined;
    // Node sorts them as words.
    return readdirSync(path)
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return undefined;
  }
}

function open(path: string, bufferSize: number) {
  try {
    return opendirSync(path, { bufferSize });
  } catch {
    return undefined;
  }
}

/**
 * The target of a link in /proc, such as a descriptor's; empty if it is gone or we may not look. Asks only the kernel, never the file
 * system behind it.
 */
export function linkOf(path: string): string {
  try {
    return readlinkSync(path, "latin1");
  } catch {
    return "";
  }
}

/** N of /dev/pts/N if a descriptor is the master of that pty; `undefined` for all others (proc_pid_fdinfo(5), `tty-index`). */
export function ptyNumberOf(pid: number, fd: number): number | undefined {
  try {
    const number = /^tty-index:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
    return number === undefined ? undefined : Number(number);
  } catch {
    return undefined;
  }
}
