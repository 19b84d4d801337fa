// Whether a process reads files, between two looks at where it was in them.
import type { FilePlace } from "./held.ts";
import type { WorkCounters } from "./job.ts";

/** How far a process went in files that it reads, and in those that it writes. */
export interface Moved {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/**
 * How far a process went in the files that it held at both looks. Not in one at whose end it was, then or now: it follows what others
 * write. `counted`: what has been counted of each file, which several processes can have open.
 */
export function movedInFiles(
  before: WorkCounters | undefined,
  after: WorkCounters,
  counted: Map<string, number>,
): Moved {
  const moved = { readBytes: 0, writtenBytes: 0 };
  for (const [key, now] of Object.entries(after.places)) {
    const then = before?.places[key];
    if (!then || now.isDirectory || then.isAtEnd || now.isAtEnd || !isCounted(after, now)) continue;
    const file = fileOf(key);
    const bytes = Math.abs(now.position - then.position);
    const known = counted.get(file) ?? 0;
    moved[now.readsOnly ? "readBytes" : "writtenBytes"] += Math.max(0, bytes - known);
    counted.set(file, Math.max(known, bytes));
  }
  return { ...moved, readBytes: moved.readBytes + readThroughMaps(before, after) };
}

/** A program that touches a page of its own for the first time maps some more along (the kernel's fault-around), which is no reading. */
const LEAST_MAPPED_BYTES = 128 << 10;

/**
 * What a program on the terminal sent there of a file that it has mapped into its memory, as `sz` does: no position moves, and it holds
 * no file. As much of the file has come into memory as it wrote. A viewer that draws reads nothing more.
 */
function readThroughMaps(before: WorkCounters | undefined, after: WorkCounters): number {
  if (before?.mappedBytes === undefined || after.mappedBytes === undefined) return 0;
  const bytes = Math.min(after.mappedBytes - before.mappedBytes, after.writtenBytes - before.writtenBytes);
  return bytes >= LEAST_MAPPED_BYTES ? bytes : 0;
}

/** Whether a process has come to other files or directories than at the last look, or further in a directory. */
export function isScanning(before: WorkCounters, after: WorkCounters): boolean {
  const files = new Set(Object.keys(before.places).map(fileOf));
  if (files.size === 0) return false;
  return Object.entries(after.places).some(([key, now]) => {
    if (!isCounted(after, now)) return false;
    if (!files.has(fileOf(key))) return true;
    const then = before.places[key];
    return now.isDirectory && then !== undefined && then.position !== now.position;
  });
}

/** Written files of a job that reads whole lines are counted by what was written, and those of one that records another's output are not. */
function isCounted({ part }: WorkCounters, { readsOnly }: FilePlace): boolean {
  return readsOnly || part === "screen";
}

function fileOf(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}
