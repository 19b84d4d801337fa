// What a process has open, read piece by piece: it may be a million descriptors, and a list of them all takes seconds.
import { opendirSync, readFileSync, readlinkSync } from "node:fs";
import { type IsOver, UNLIMITED } from "./budget.ts";

/** A descriptor and what it is open on, such as `/dev/ptmx` or `socket:[4711]`: the kernel's words, but for the path of a file. */
export interface Descriptor {
  readonly fd: number;
  readonly target: string;
}

/**
 * The open descriptors of a process, lowest first, at most `most` of them and until the time is up; none where we may not look, or
 * when it is gone.
 */
export function* descriptorsIn(pid: number, most: number, isOver: IsOver = UNLIMITED): Generator<Descriptor> {
  const path = `/proc/${pid}/fd`;
  for (const fd of numbersIn(path, most)) {
    if (isOver()) return;
    const target = linkOf(`${path}/${fd}`);
    if (target !== "") yield { fd, target };
  }
}

/** The names in a directory of /proc that are numbers, at most `most`; the kernel lists descriptors in order (proc_pid_fd(5)). */
function* numbersIn(path: string, most: number): Generator<number> {
  const directory = open(path, Math.min(most, 256));
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

function open(path: string, bufferSize: number) {
  try {
    return opendirSync(path, { bufferSize });
  } catch {
    return undefined;
  }
}

/** What a descriptor of a process is open on; empty when it is closed by now. Asks the kernel only, never the file system behind it. */
export function linkOf(path: string): string {
  try {
    return readlinkSync(path, "latin1");
  } catch {
    return "";
  }
}

/** N of /dev/pts/N, of the pty whose master a descriptor is; `undefined` for every other (proc_pid_fdinfo(5), `tty-index`). */
export function ptyNumberOf(pid: number, fd: number): number | undefined {
  try {
    const number = /^tty-index:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1"))?.[1];
    return number === undefined ? undefined : Number(number);
  } catch {
    return undefined;
  }
}
