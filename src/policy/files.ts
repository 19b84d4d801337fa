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
/** Far more than any policy needs, and still quick to read. */
const MOST_BYTES = 256 * 1024;

/** The text of one policy file, or why it may not be used. */
export type PolicyFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly refusal: string };

/**
 * Reads the main file of a policy, then the `*.toml` files of its drop-in directory, in the order of their names (by bytes, without a
 * locale). For `/etc/afkill/afkill.toml` the directory is `/etc/afkill/afkill.d`; it need not exist. Files whose names start with a dot
 * and backups of editors (`10-staff.toml~`) are skipped.
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
    const directory = realpathSync.native(dirname(file));
    mustBeSafe(directory);
    // O_NONBLOCK: a FIFO in the place of the file must not block us. The flag does not affect a regular file.
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
 * A directory is safe if only root, or the user who runs this, can replace it or a file in it. So every directory up to `/` is checked.
 * A sticky parent, such as /tmp, is accepted: in it nobody can rename another user's file (unlink(2), EPERM).
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
    throw new Refusal(`expected ${what} to be owned by root, got uid ${uid}; run chown root on it`);
}

function mustBeClosed({ mode }: Stats, what: string): void {
  if ((mode & (constants.S_IWGRP | constants.S_IWOTH)) === 0) return;
  const octal = (mode & 0o7777).toString(8).padStart(4, "0");
  throw new Refusal(
    `expected ${what} to be writable by its owner only, got mode ${octal}; run chmod go-w on it`,
  );
}

/** Our own words for what is wrong with a file. */
class Refusal extends Error {}

/** What a failed system call means, for a reader of the log. */
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
