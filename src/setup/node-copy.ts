// A copy of a Node where only root can write. What was tried and what is put in place are then the same bytes, whoever owns the original.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, SetupError } from "../change/setup-error.ts";
import { reasonOf } from "../text/reason-of.ts";
import { MACHINES } from "./executable-memory.ts";
import { releaseDay } from "./release-day.ts";

const LARGEST = 1 << 30;
const LARGEST_CHANGELOG = 1 << 24;
const NAME_IT = "name the program itself: bin/node of an unpacked Node for Linux";

/** Copies the program at `path` to `copy`, for everybody to run, and removes the copy after `use`. Throws a `SetupError` if it is none. */
export function withCopy<T>(path: string, copy: string, use: () => T): T {
  const from = openProgram(path);
  try {
    try {
      copyTo(copy, from);
    } catch (error) {
      throw new SetupError(`${path} cannot be copied: ${reasonOf(error)}`, "correct that and run this again");
    }
    return use();
  } finally {
    closeSync(from);
    removeCopy(copy);
  }
}

/** Opens a program of this machine. A pipe or a device is not waited for, and a link is not followed. */
function openProgram(path: string): number {
  const fd = opened(path);
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw new SetupError(`${path} is not a regular file`, NAME_IT);
    if (status.size > LARGEST) throw new SetupError(`${path} is larger than any Node`, NAME_IT);
    if (!isProgram(fd)) throw new SetupError(`${path} is not a program for this machine`, NAME_IT);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function opened(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ELOOP")
      throw new SetupError(`${path} is a symbolic link`, `name what it leads to: readlink -f ${path} tells`);
    throw new SetupError(`${path} cannot be read: ${reasonOf(error)}`, NAME_IT);
  }
}

/** elf(5): the magic number, and at 18 the machine. A script could be anything, and its interpreter is not copied with it. */
function isProgram(fd: number): boolean {
  const head = Buffer.alloc(20);
  if (readSync(fd, head, 0, head.length, 0) < head.length) return false;
  return head.toString("latin1", 0, 4) === "\x7fELF" && head.readUInt16LE(18) === MACHINES[process.arch];
}

function copyTo(copy: string, from: number): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const to = openSync(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const piece = Buffer.allocUnsafe(1 << 20);
    let at = 0;
    // A file that grows meanwhile must not fill the disk.
    for (let length = 1; length > 0 && at <= LARGEST; at += length) {
      length = readSync(from, piece, 0, piece.length, at);
      for (let done = 0; done < length; ) done += writeSync(to, piece, done, length - done);
    }
    fchmodSync(to, 0o755);
  } finally {
    closeSync(to);
  }
}

function removeCopy(copy: string): void {
  try {
    unlinkSync(copy);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** When the Node at `path` was released, from the changelog beside its `bin`; `undefined` if there is none that tells it. */
export function releasedByChangelog(path: string, version: string): string | undefined {
  let fd: number;
  try {
    fd = opened(join(dirname(path), "../CHANGELOG.md"));
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile() || status.size > LARGEST_CHANGELOG) return undefined;
    return releaseDay(readFileSync(fd, "utf8"), version);
  } finally {
    closeSync(fd);
  }
}
