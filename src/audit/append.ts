import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const AUDIT_FILE = "audit.jsonl";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const WRITABLE_BY_OTHERS = 0o022;
const NEWLINE = 0x0a;
const MOST_ATTEMPTS = 20;
/** A write of one line takes much less than this. */
const SETTLES_MS = 100;

/**
 * Appends one line (with its newline) to the audit file in `directory`, and makes either if it is missing. The file is opened each time, so
 * a rotated file is closed at once. Throws if the directory or the file is not root's own, or if not the whole line was written.
 */
export async function appendLine(directory: string, line: string): Promise<void> {
  await using folder = await openDirectory(directory);
  // This is the directory that was checked, whatever has its name now: /proc/self/fd replaces openat(2).
  await using file = await openFile(`/proc/self/fd/${folder.fd}/${AUDIT_FILE}`);
  // A line that a full disk has cut off must not run into this one.
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
    // mkdir(2) applies the umask to the mode, and a login's hook can have any umask.
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
  throw new Error(`${AUDIT_FILE} must be a regular file that belongs to root and is writable by nobody else`);
}

/**
 * Opens the file or makes it. Another watchdog or logrotate can make the file between the two steps, and a rotation can remove it: then
 * both are tried again.
 */
async function openOrCreate(path: string): Promise<FileHandle> {
  for (let left = MOST_ATTEMPTS; ; left -= 1) {
    const file = (await openExisting(path)) ?? (await createFile(path));
    if (file) return file;
    if (left === 0)
      throw new Error(`${AUDIT_FILE} is created and removed again and again by another program`);
  }
}

/** Opens the file; `undefined` if there is none. */
async function openExisting(path: string): Promise<FileHandle | undefined> {
  // O_NONBLOCK: never wait for the other end of a FIFO that somebody has put there.
  return open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK).catch(nothingOn("ENOENT"));
}

/** Makes the file; `undefined` if there is one now. */
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
 * Whether the file ends in the middle of a line, and stays so. While another watchdog writes, its line becomes visible page by page. So a
 * first look can see half of it.
 */
async function endsTorn(file: FileHandle): Promise<boolean> {
  const before = await tornAt(file);
  if (before === undefined) return false;
  await sleep(SETTLES_MS);
  return (await tornAt(file)) === before;
}

/** The size of a file that does not end with a newline; `undefined` if it does, or is empty. */
async function tornAt(file: FileHandle): Promise<number | undefined> {
  const { size } = await file.stat();
  if (size === 0) return undefined;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE ? undefined : size;
}
