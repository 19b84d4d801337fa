// The record of what an install has done to this host. With it an uninstall restores every byte.
import { readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { type Change, file } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { codeOf, SetupError } from "../change/setup-error.ts";
import { MANIFEST } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { day, release } from "./build-record.ts";
import { withoutRule } from "./hook-pam.ts";

const original = v.object({
  /** Its bytes, in base64. */
  content: v.string(),
  mode: v.number(),
  uid: v.number(),
  gid: v.number(),
  mtimeMs: v.number(),
});

const entry = v.object({
  path: v.string(),
  role: v.picklist(["program", "policy", "logrotate", "shared", "pam", "force-command", "profile"]),
  /** SHA-256 of the installed content: if a file differs from it, somebody has edited it since. */
  digest: v.string(),
  /** The file before the install; absent if the install created it. */
  original: v.optional(original),
});

/** A Node that an administrator has put in the place of the build's. */
const otherNode = v.object({
  version: release,
  /** The day of its release, if that is known. */
  released: v.optional(day),
  /** The day on which it was put in. */
  placed: day,
});

const manifest = v.object({
  version: v.literal(1),
  files: v.array(entry),
  /** Directories that the install created, outermost first. */
  directories: v.array(v.string()),
  /** Absent while the Node is the build's. */
  node: v.optional(otherNode),
});

type Original = v.InferOutput<typeof original>;
type Entry = v.InferOutput<typeof entry>;
export type Role = Entry["role"];
export type OtherNode = v.InferOutput<typeof otherNode>;
export type Manifest = v.InferOutput<typeof manifest>;

export const NOTHING_INSTALLED: Manifest = { version: 1, files: [], directories: [] };

/** Reads the manifest; `undefined` if there is none. Throws a `SetupError` if it cannot be understood. */
export function readManifest(): Manifest | undefined {
  try {
    return v.parse(manifest, JSON.parse(readFileSync(MANIFEST, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new SetupError(
      `${MANIFEST} cannot be used: ${reasonOf(error)}`,
      `remove it; afkill uninstall then removes the files that it knows by name`,
    );
  }
}

/** The change that writes a manifest. Only root may read it: it can hold content of files that only root may read. */
export function manifestChange(content: Manifest): Change {
  return file(MANIFEST, 0o600, Buffer.from(`${JSON.stringify(content, null, 1)}\n`));
}

/** The manifest's entry for a path. */
export function entryOf(path: string, { files }: Manifest): Entry | undefined {
  return files.find((entry) => entry.path === path);
}

/** Whether a file differs from what an install wrote, or was never written by one. */
export function wasEdited(path: string, before: Manifest): boolean {
  return entryOf(path, before)?.digest !== digestOf({ copyOf: path });
}

/** The manifest after these changes. If an earlier manifest has the first state of a file, that state is kept. */
export function nextManifest(before: Manifest, due: readonly { role: Role; change: Change }[]): Manifest {
  const changed = new Set(due.map(({ change }) => change.path));
  const files = due.flatMap(({ role, change: { path, wanted } }): Entry[] => {
    if (wanted.kind !== "file") return [];
    const original = role === "pam" ? originalOf(path) : undefined;
    return [{ path, role, digest: digestOf(wanted.content), ...(original && { original }) }];
  });
  const directories = due.flatMap(({ change: { path, wanted } }) =>
    wanted.kind === "directory" ? [path] : [],
  );
  return {
    version: 1,
    files: [...before.files.filter(({ path }) => !changed.has(path)), ...files],
    directories: [...before.directories, ...directories],
  };
}

/** The first state of a file that afkill changes but did not create; `undefined` if afkill's rule is in it already. */
function originalOf(path: string): Original | undefined {
  const content = readFileSync(path);
  if (withoutRule(path) !== content.toString("latin1")) return undefined;
  const { mode, uid, gid, mtimeMs } = statSync(path);
  return { content: content.toString("base64"), mode: mode & 0o7777, uid, gid, mtimeMs };
}
