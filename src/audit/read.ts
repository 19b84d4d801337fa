// Reads the audit: everything in it, oldest first, and what is added meanwhile.

import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { reasonOf } from "../text/reason-of.ts";
import { type AuditFile, closeAll, openAudit, openFile } from "./files.ts";
import { parseRecord } from "./parse.ts";
import type { AuditRecord } from "./record.ts";
import { linesOfCompressed, newLines, type Tail, unfinishedLine } from "./tail.ts";

/** One result: a record, a line without one, or a file that could not be read to its end. */
export type Reading =
  | { readonly record: AuditRecord }
  | { readonly badLine: string }
  | { readonly badFile: string; readonly why: string };

/** A record can still come into a file that was just rotated, if its writer had opened it before. */
const MOST_TAILS = 2;

/**
 * Reads the audit at `path`, with the files that logrotate has put aside, oldest first; nothing if there is none yet. Files that hold only
 * records from before `sinceMs` (wall clock) may be left out. Throws if a file may not be opened.
 */
export async function* readAudit(path: string, sinceMs?: number): AsyncGenerator<Reading> {
  const files = await openAudit(path, sinceMs);
  try {
    for (const file of files) {
      const tail = tailOf(file);
      yield* readFile(file, tail);
      if (!file.compressed) yield* readingsOf([await unfinishedLine(tail)]);
    }
  } finally {
    await closeAll(files);
  }
}

/**
 * Like `readAudit`, and then goes on with each new record, through rotations, until `signal` is aborted. Throws if the directory does not
 * exist.
 */
export async function* followAudit(
  path: string,
  signal: AbortSignal,
  sinceMs?: number,
): AsyncGenerator<Reading> {
  let changed = Promise.withResolvers<void>();
  let failure: Error | undefined;
  // The watch begins before the reading: records in between would be missed.
  const watcher = watchNames(path, () => changed.resolve());
  watcher.on("error", (error) => {
    failure = error;
    changed.resolve();
  });
  const stop = () => changed.resolve();
  signal.addEventListener("abort", stop);
  let tails: readonly Tail[] = [];
  try {
    const files = (await openAudit(path, sinceMs)).map((file) => ({ file, tail: tailOf(file) }));
    tails = files.map(({ tail }) => tail);
    for (const { file, tail } of files) yield* readFile(file, tail);
    const compressed = files.filter(({ file }) => file.compressed).map(({ tail }) => tail);
    tails = tails.filter((tail) => !compressed.includes(tail));
    await closeAll(compressed);
    while (!signal.aborted) {
      changed = Promise.withResolvers<void>();
      tails = await withYoungest(path, tails);
      for (const tail of tails) yield* readingsOf(newLines(tail));
      await changed.promise;
      if (failure) throw failure;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    watcher.close();
    await closeAll(tails);
  }
}

/** Calls back when something happens to one of the audit's files. */
function watchNames(path: string, callBack: () => void): FSWatcher {
  const directory = dirname(path);
  try {
    return watch(directory, (_, name) => {
      if (name === null || name.startsWith(basename(path))) callBack();
    });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(missing ? `${directory} does not exist: nothing has been recorded yet` : String(error));
  }
}

/** Adds the current file, and closes all but the last files. */
async function withYoungest(path: string, tails: readonly Tail[]): Promise<Tail[]> {
  const youngest = await openFile(path);
  const isKnown = youngest === undefined || youngest.inode === tails.at(-1)?.inode;
  if (isKnown) await youngest?.handle.close();
  const all = isKnown ? tails : [...tails, tailOf(youngest)];
  await closeAll(all.slice(0, -MOST_TAILS));
  return all.slice(-MOST_TAILS);
}

function tailOf({ handle, inode }: AuditFile): Tail {
  return { handle, inode, position: 0 };
}

async function* readFile({ path, handle, compressed }: AuditFile, tail: Tail): AsyncGenerator<Reading> {
  try {
    yield* readingsOf(compressed ? linesOfCompressed(handle) : newLines(tail));
  } catch (error) {
    yield { badFile: path, why: reasonOf(error) };
  }
}

async function* readingsOf(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Reading> {
  for await (const line of lines) {
    if (line === "") continue;
    const record = parseRecord(line);
    yield record ? { record } : { badLine: line };
  }
}
