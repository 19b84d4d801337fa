import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** S_ISVTX of inode(7). */
const STICKY = 0o1000;
/** Far more than any policy needs, and read in no time. */
const MOST_BYTES = 256 * 1024;

/** What one file of a policy holds, or why it may not be used. */
export type PolicyFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly refusal: string };

/**
 * Reads the main file of a policy and then the `*.toml` files of its drop-in directory, in the order of their names (byte by byte, no
 * locale): for `/etc/afkill/afkill.toml` that is `/etc/afkill/afkill.d`, which need not exist. Names that start with a dot, and
 * what editors leave behind (`10-staff.toml~`), are passed over.
 */
export function readPolicyFiles(path: string): PolicyFile[] {
  const directory = join(dirname(path), `${basename(path, extname(path))}.d`);
  const main = readPolicyFile(path);
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith(".toml") && !name.startsWith("."));
    const sorted = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return [main, ...sorted.map((name) => readPolicyFile(join(directory, name)))];
  } catch (error) {
    return codeOf(error) === "ENOENT" ? [main] : [main, { file: directory, refusal: reason(error) }];
  }
}

function readPolicyFile(file: string): PolicyFile {
  try {
    const directory = realpathSync(dirname(file));
    mustBeSafe(directory);
    // O_NONBLOCK: a FIFO in the place of the file must not hold us up. It has no effect on a regular file.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = openSync(join(directory, basename(file)), flags);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw new Refusal("expected a regular file");
      mustBeOwned(stats, "the file");
      mustBeClosed(stats, "the file");
      if (stats.size > MOST_BYTES)
        throw new Refusal(`expected at most ${MOST_BYTES} bytes, got ${stats.size}`);
      return { file, text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fd)) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { file, refusal: reason(error) };
  }
}

/**
 * A directory is safe when nobody but root, or whoever runs this, could have put another one, or another file, in its place: so up to
 * the root. Above it one that is sticky, such as /tmp, will do: what somebody owns in there, others cannot rename (unlink(2), EPERM).
 */
function mustBeSafe(directory: string): void {
  const stats = statSync(directory);
  mustBeOwned(stats, `its directory ${directory}`);
  mustBeClosed(stats, `its directory ${directory}`);
  for (let inner = directory; inner !== dirname(inner); inner = dirname(inner)) {
    const above = dirname(inner);
    const stats = statSync(above);
    mustBeOwned(stats, `the directory ${above} above it`);
    if ((stats.mode & STICKY) === 0) mustBeClosed(stats, `the directory ${above} above it`);
  }
}

function mustBeOwned({ uid }: Stats, what: string): void {
  if (uid !== 0 && uid !== process.geteuid?.())
    throw new Refusal(`expected ${what} to be owned by root, got uid ${uid}; chown root it`);
}

function mustBeClosed({ mode }: Stats, what: string): void {
  if ((mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0) return;
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  throw new Refusal(`expected ${what} to be writable by its owner only, got mode ${octal}; chmod go-w it`);
}

/** What is wrong with a file, in our own words. */
class Refusal extends Error {}

/** What a failed system call means to somebody who reads it in a log. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "expected a file, got none",
  ELOOP: "expected a regular file, got a symbolic link",
  EACCES: "expected a file that may be read: permission denied",
  ENOTDIR: "expected a directory",
  ERR_ENCODING_INVALID_ENCODED_DATA: "expected UTF-8 text",
};

function reason(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  return REASONS[codeOf(error)] ?? `it cannot be read: ${codeOf(error)}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
