// A change to the host, as data: what is at a path, and what shall be there. Nothing is changed here.
import { lstatSync, type Stats } from "node:fs";
import { type Content, digestOf } from "./content.ts";
import { codeOf, SetupError } from "./setup-error.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What shall be at a path. Modes are the permission bits of inode(7). */
export type Wanted =
  | (Owner & {
      readonly kind: "file";
      readonly mode: number;
      readonly content: Content;
      readonly mtimeMs?: number;
      /** The digest of the file that this was made from. If the file differs by then, somebody else changed it, and it stays. */
      readonly madeFrom?: string;
    })
  | (Owner & { readonly kind: "directory"; readonly mode: number })
  /** A directory is removed with everything in it. */
  | { readonly kind: "absent" }
  /** A directory is removed, unless somebody has put something into it by then. */
  | { readonly kind: "emptied" };

export interface Change {
  readonly path: string;
  readonly wanted: Wanted;
  /** A line for the reader, if the path alone does not tell what happens. */
  readonly note?: string;
}

export const ABSENT: Wanted = { kind: "absent" };
export const ROOT: Owner = { uid: 0, gid: 0 };

/** A file of root's. */
export function file(path: string, mode: number, content: Content): Change {
  return { path, wanted: { ...ROOT, kind: "file", mode, content } };
}

/** A directory of root's that everybody may look into. */
export function directory(path: string): Change {
  return { path, wanted: { ...ROOT, kind: "directory", mode: 0o755 } };
}

/** What is at a path now, without following a symbolic link; `undefined` for nothing. */
export function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Whether there is anything to do. Throws a `SetupError` if something else is in the way; that is left alone. */
export function isDue({ path, wanted }: Change): boolean {
  const now = look(path);
  if (now === undefined) return wanted.kind === "file" || wanted.kind === "directory";
  if (wanted.kind === "absent" || wanted.kind === "emptied") return true;
  if (wanted.kind === "directory") {
    mustBeOurs(path, now);
    return false;
  }
  if (!now.isFile())
    throw new SetupError(`${path} is not a regular file`, "move it to another place and run this again");
  const same = now.uid === wanted.uid && now.gid === wanted.gid && (now.mode & 0o7777) === wanted.mode;
  return !same || digestOf({ copyOf: path }) !== digestOf(wanted.content);
}

/** If others can write to a directory, they can put their program in the place of ours, and root runs it. */
function mustBeOurs(path: string, now: Stats): void {
  if (!now.isDirectory())
    throw new SetupError(`${path} is not a directory`, "move it to another place and run this again");
  if (now.uid !== 0 || (now.mode & 0o022) !== 0)
    throw new SetupError(
      `${path} can be written to by users other than root`,
      `chown root ${path} and chmod go-w ${path}, or move it to another place`,
    );
}

/** One line that tells what a planned change will do, such as `create /etc/afkill/afkill.toml`. */
export function describe({ path, wanted: { kind }, note }: Change): string {
  const goes = kind === "absent" || kind === "emptied";
  const verb = goes ? "remove" : look(path) === undefined ? "create" : "change";
  return `${verb} ${path}${note === undefined ? "" : ` (${note})`}`;
}
