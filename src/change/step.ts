// One change to the host that can be undone. The replaced file keeps a second name until the end, so undoing is a rename: it needs no
// disk space, and it brings back the same file with its times and attributes.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { run, said } from "../system/command.ts";
import { withDirectory } from "../system/make-file.ts";
import { type Change, look, type Wanted } from "./change.ts";
import { digestOf, eachPiece } from "./content.ts";
import { codeOf } from "./setup-error.ts";

/** How to undo one change, and what to clean up when the change stays. */
export interface Step {
  readonly path: string;
  readonly undo: () => void;
  readonly tidy: () => void;
}

/** Makes one change. On failure it throws the error of the system call and leaves the path as it was. */
export function carryOut({ path, wanted }: Change): Step {
  if (wanted.kind === "directory") return makeDirectory(path, wanted);
  if (wanted.kind === "file") return putFile(path, wanted);
  if (wanted.kind === "absent") return remove(path);
  // Until the end the directory still holds the second names of the files in it.
  return { path, undo: () => undefined, tidy: () => removeIfEmpty(path) };
}

function makeDirectory(path: string, { mode, uid, gid }: Wanted & { kind: "directory" }): Step {
  mkdirSync(path, { mode: 0o700 });
  try {
    withDirectory(path, (fd) => {
      fchownSync(fd, uid, gid);
      fchmodSync(fd, mode);
    });
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return { path, undo: () => rmdirSync(path), tidy: () => undefined };
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  }
}

/** Never truncates: a watchdog's shell reads its script while it runs, and continues with the old file. */
function putFile(path: string, wanted: Wanted & { kind: "file" }): Step {
  const fresh = sibling(path);
  const old = look(path) === undefined ? undefined : sibling(path);
  try {
    if (old !== undefined) linkSync(path, old);
    write(fresh, wanted, old);
    mustBeAsPlanned(path, wanted);
    renameSync(fresh, path);
  } catch (error) {
    for (const name of [fresh, old]) if (name !== undefined && look(name) !== undefined) unlinkSync(name);
    throw error;
  }
  if (old === undefined) return { path, undo: () => unlinkSync(path), tidy: () => undefined };
  return { path, undo: () => renameSync(old, path), tidy: () => unlinkSync(old) };
}

/** Throws if somebody else has changed the file since it was read: their work would be lost. */
function mustBeAsPlanned(path: string, { madeFrom }: Wanted & { kind: "file" }): void {
  if (madeFrom !== undefined && digestOf({ copyOf: path }) !== madeFrom)
    throw new Error(`${path} was changed by somebody else meanwhile: run this again`);
}

/** A directory is moved away as a whole. Programs that run from it continue. */
function remove(path: string): Step {
  const old = sibling(path);
  try {
    renameSync(path, old);
  } catch (error) {
    // A directory of a lower layer, as in a container's image, cannot be moved (overlayfs). It is removed at the end.
    if (codeOf(error) !== "EXDEV") throw error;
    return { path, undo: () => undefined, tidy: () => rmSync(path, { recursive: true }) };
  }
  return { path, undo: () => renameSync(old, path), tidy: () => rmSync(old, { recursive: true }) };
}

/** A name beside `path` that sshd's Include, run-parts and PAM all ignore. */
function sibling(path: string): string {
  return join(dirname(path), `${markOf(path)}${randomBytes(6).toString("hex")}`);
}

function markOf(path: string): string {
  return `.${basename(path)}.afkill-`;
}

/** The files that a killed run has left beside `path`. */
export function leftBeside(path: string): string[] {
  const around = dirname(path);
  if (look(around) === undefined) return [];
  const names = readdirSync(around).filter((name) => name.startsWith(markOf(path)));
  return names.map((name) => join(around, name));
}

/** `old`: the file that is replaced. Somebody else's file keeps its ACL and other attributes (acl(5), xattr(7)); ours has none. */
function write(path: string, wanted: Wanted & { kind: "file" }, old: string | undefined): void {
  const { content, mode, uid, gid, mtimeMs, madeFrom } = wanted;
  const fd = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    if (old !== undefined && madeFrom !== undefined) copyAttributes(old, path);
    if (Buffer.isBuffer(content)) writeAll(fd, content);
    else eachPiece(content.copyOf, (piece) => writeAll(fd, piece));
    // The owner first: chown(2) clears the set-group-ID bit.
    fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    if (mtimeMs !== undefined) futimesSync(fd, mtimeMs / 1000, mtimeMs / 1000);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function copyAttributes(from: string, to: string): void {
  const ran = run("/usr/bin/cp", ["--archive", "--attributes-only", "--", from, to]);
  if (ran.status !== 0) throw new Error(`the attributes of ${from} could not be kept: ${said(ran)}`);
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
