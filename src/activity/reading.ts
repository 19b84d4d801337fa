// Whether a process reads files, judged by its positions in them at two looks.
import type { FilePlace } from "./held.ts";
import type { WorkCounters } from "./job.ts";

/** How many bytes a process went on in files that it reads, and in files that it writes. */
export interface Moved {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/**
 * How many bytes a process went on in the files that it held at both looks. A file does not count if the process was at its end then or is
 * now: it follows what others write. Several processes can have one file open: `counted` holds what has been counted of each file.
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

/** When a program first touches a page, the kernel maps some pages around it too (fault-around). That is no reading. */
const LEAST_MAPPED_BYTES = 128 << 10;

/**
 * Bytes that a program on the terminal sent there from a file mapped into its memory, as `sz` does. No position moves, and it holds no
 * file. Such a program writes as much as comes into memory, so the smaller of the two counts. A viewer that draws reads nothing more.
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

/**
 * Written files do not count here for a job that reads whole lines (its written bytes count), nor for one that records another's output.
 */
function isCounted({ part }: WorkCounters, { readsOnly }: FilePlace): boolean {
  return readsOnly || part === "screen";
}

function fileOf(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}
