// Reads the lines of one file of the audit.
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** A file that may still grow, and how much of it has been read. */
export interface Tail {
  readonly handle: FileHandle;
  readonly inode: number;
  position: number;
}

const NEWLINE = 0x0a;
/** Much longer than any line of the audit (see lines.ts). */
const CHUNK_BYTES = 256 * 1024;

/**
 * The whole lines that came since the last call. A file that has become shorter (logrotate's `copytruncate`) is read from its beginning.
 */
export async function* newLines(tail: Tail): AsyncGenerator<string> {
  if ((await tail.handle.stat()).size < tail.position) tail.position = 0;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await tail.handle.read(buffer, 0, CHUNK_BYTES, tail.position);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (end < 0 && bytesRead < CHUNK_BYTES) return;
    // A line this long is not ours: it is returned in pieces that hold no record.
    const text = buffer.toString("utf8", 0, end < 0 ? bytesRead : end);
    tail.position += end < 0 ? bytesRead : end + 1;
    yield* text.split("\n");
  }
}

/** The text after the last newline: a line that is being written, or that a full disk has cut off; empty for none. */
export async function unfinishedLine({ handle, position }: Tail): Promise<string> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position);
  return buffer.toString("utf8", 0, bytesRead);
}

/** The lines of a compressed file. If it ends early or is damaged, throws after the lines before that place. */
export async function* linesOfCompressed(handle: FileHandle): AsyncGenerator<string> {
  const text = createGunzip().setEncoding("utf8");
  // The loop below throws an error. `pipeline` needs a callback to pass it on.
  pipeline(handle.createReadStream({ autoClose: false }), text, () => undefined);
  let rest = "";
  for await (const chunk of text) {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, CHUNK_BYTES);
    yield* lines;
  }
  if (rest !== "") yield rest;
}
