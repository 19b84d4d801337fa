import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const AUDIT_FILE = "audit.jsonl";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const WRITABLE_BY_OTHERS = 0o022;
const NEWLINE = 0x0a;
const MOST_ATTEMPTS = 20;
/** A write of one line is long over after this. */
const SETTLES_MS = 100;

/**
 * Appends one line (with its newline) to the audit file in `directory`, making either where it is missing. Opened anew each
 * time, so a rotated file is let go of at once. Throws where the directory or the file is not root's own, or the line did not
 * get in whole.
 */
export async function appendLine(directory: string, line: string): Promise<void> {
  await using folder = await openDirectory(directory);
  // The directory that was checked, whatever has its name by now: /proc/self/fd stands in for openat(2).
  await using file = await openFile(`/proc/self/fd/${folder.fd}/${AUDIT_FILE}`);
  // A line that a full disk has torn must not swallow this one.
  const text = (await endsTorn(file)) ? `\n${line}` : line;
  const bytes = Buffer.from(text);
  // One write(2): with O_APPEND the kernel finds the end and writes under one lock of the file, so lines never mix.
  const { bytesWritten } = await file.write(bytes);
  if (bytesWritten < bytes.length) throw new Error(`${bytesWritten} of ${bytes.length} bytes written`);
}

async function openDirectory(directory: string): Promise<FileHandle> {
  const made = await mkdir(directory, { mode: 0o700 }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      return false;
    },
  );
  const folder = await open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const { uid, mode } = await folder.stat();
  if (uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0) {
    // mkdir(2) takes the umask away from the mode, and the umask of a login's hook is anybody's guess.
    if (made) await folder.chmod(0o750);
    return folder;
  }
  await folder.close();
  throw new Error(`${directory} must belong to root and be writable by nobody else`);
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await openOrCreate(path);
  const status = await file.stat();
  if (status.isFile() && status.uid === 0 && (status.mode & WRITABLE_BY_OTHERS) === 0) return file;
  await file.close();
  throw new Error(`${AUDIT_FILE} must be a plain file that belongs to root and is writable by nobody else`);
}

/** Another watchdog, or logrotate, can make the file between the two steps, and a rotation take it away: then they are taken again. */
async function openOrCreate(path: string): Promise<FileHandle> {
  for (let left = MOST_ATTEMPTS; ; left -= 1) {
    const file = (await openExisting(path)) ?? (await createFile(path));
    if (file) return file;
    if (left === 0) throw new Error(`${AUDIT_FILE} comes and goes`);
  }
}

/** Opens the file; `undefined` where there is none. */
async function openExisting(path: string): Promise<FileHandle | undefined> {
  // O_NONBLOCK: never wait for the other end of a FIFO that somebody has put there.
  return open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK).catch(nothingOn("ENOENT"));
}

/** Makes the file; `undefined` where there is one by now. */
async function createFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600).catch(
    nothingOn("EEXIST"),
  );
  await file?.chmod(0o640);
  return file;
}

function nothingOn(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

/**
 * Whether the file ends in the middle of a line, and stays so. While another watchdog writes, its line becomes visible page by
 * page, so a first look can meet half of it.
 */
async function endsTorn(file: FileHandle): Promise<boolean> {
  const before = await tornAt(file);
  if (before === undefined) return false;
  await sleep(SETTLES_MS);
  return (await tornAt(file)) === before;
}

/** The size of a file that does not end with a newline; `undefined` for one that does, or is empty. */
async function tornAt(file: FileHandle): Promise<number | undefined> {
  const { size } = await file.stat();
  if (size === 0) return undefined;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE ? undefined : size;
}
