// The files of an audit: the current one, and those that logrotate has put aside.
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** An open file of the audit. The caller closes `handle`. */
export interface AuditFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly inode: number;
  readonly compressed: boolean;
}

/** What logrotate(8) adds to a name: `.1`, `.2.gz`, or with `dateext` `-20261231.gz`. */
const ROTATED = /^(?:\.(\d{1,9})|-[\d-]{1,30})?(\.gz)?$/;
/** By how much the clock may have been stepped back between a record and the last write to its file. */
const STEP_MS = 86_400_000;

/**
 * Opens all files of the audit at `path`, oldest first; none if there is no audit yet. A file whose last write was before `sinceMs` (wall
 * clock) is left out. Throws if a file may not be read, or is no regular file.
 */
export async function openAudit(
  path: string,
  sinceMs = Number.NEGATIVE_INFINITY,
): Promise<readonly AuditFile[]> {
  for (;;) {
    const files = await openNamed(await namesOf(path));
    // A file that was renamed meanwhile would be missing, or be there twice.
    if (await areStillThere(files, await namesOf(path))) return leaveOut(files, sinceMs - STEP_MS);
    await closeAll(files);
  }
}

/** Opens one file; `undefined` if there is none. Throws if it may not be read, or is no regular file. */
export async function openFile(path: string): Promise<AuditFile | undefined> {
  // O_NONBLOCK: never wait for the other end of a FIFO.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`${path}: ${WHY[error.code ?? ""] ?? error.message}`);
  });
  if (!handle) return undefined;
  const status = await handle.stat();
  if (status.isFile()) return { path, handle, inode: status.ino, compressed: path.endsWith(".gz") };
  await handle.close();
  throw new Error(`${path}: ${WHY.ELOOP}`);
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: "permission denied; read the audit as root",
  ELOOP: "expected a regular file",
};

/** Closes what `openAudit` has opened. */
export async function closeAll(files: readonly { readonly handle: FileHandle }[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()));
}

/** The paths of an audit's files, oldest first. */
async function namesOf(path: string): Promise<string[]> {
  const directory = dirname(path);
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw new Error(`${directory}: ${WHY[error.code ?? ""] ?? error.message}`);
  });
  const endings = names
    .filter((name) => name.startsWith(basename(path)))
    .map((name) => name.slice(basename(path).length))
    .filter((ending) => ROTATED.test(ending));
  return (
    endings
      // While logrotate compresses a file, a part of its compressed form is also there.
      .filter((ending) => !(ending.endsWith(".gz") && endings.includes(ending.slice(0, -".gz".length))))
      .sort((a, b) => ageOf(b) - ageOf(a) || (a < b ? -1 : 1))
      .map((ending) => join(directory, basename(path) + ending))
  );
}

/** A number for the order of files: the current file is the youngest, then those with a date, then `.1`, `.2`. */
function ageOf(ending: string): number {
  const number = ROTATED.exec(ending)?.[1];
  if (number !== undefined) return 1 + Number(number);
  return ending.startsWith("-") ? 1 : 0;
}

async function openNamed(paths: readonly string[]): Promise<AuditFile[]> {
  const opened = await Promise.allSettled(paths.map(openFile));
  const files = opened.flatMap((result) => (result.status === "fulfilled" ? (result.value ?? []) : []));
  const failed = opened.find((result) => result.status === "rejected");
  if (!failed) return files;
  await closeAll(files);
  throw failed.reason;
}

async function areStillThere(files: readonly AuditFile[], paths: readonly string[]): Promise<boolean> {
  if (files.length !== paths.length || files.some(({ path }, at) => path !== paths[at])) return false;
  const inodes = await Promise.all(
    files.map(({ path }) =>
      lstat(path).then(
        ({ ino }) => ino,
        () => undefined,
      ),
    ),
  );
  return files.every(({ inode }, at) => inode === inodes[at]);
}

async function leaveOut(files: readonly AuditFile[], beforeMs: number): Promise<AuditFile[]> {
  const modifiedMs = await Promise.all(files.map(async ({ handle }) => (await handle.stat()).mtimeMs));
  const isNeeded = (_: AuditFile, at: number) => (modifiedMs[at] ?? 0) >= beforeMs;
  await closeAll(files.filter((file, at) => !isNeeded(file, at)));
  return files.filter(isNeeded);
}
