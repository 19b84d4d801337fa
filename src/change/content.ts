// What a file holds, or shall hold. The Node binary is 150 MB: it is never read into memory as a whole.
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";

/** Bytes, or the file to copy them from. */
export type Content = Buffer | { readonly copyOf: string };

/** Calls `use` with the bytes of a regular file, piece by piece. Throws the errors of open(2) and read(2). */
export function eachPiece(path: string, use: (piece: Buffer) => void): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const piece = Buffer.allocUnsafe(1024 * 1024);
    for (let length = readSync(fd, piece); length > 0; length = readSync(fd, piece))
      use(piece.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 in hexadecimal digits. */
export function digestOf(content: Content): string {
  const hash = createHash("sha256");
  if (Buffer.isBuffer(content)) hash.update(content);
  else eachPiece(content.copyOf, (piece) => hash.update(piece));
  return hash.digest("hex");
}
