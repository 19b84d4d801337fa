// What an install has done to this host, so that it can be undone byte for byte.
import { readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { type Change, file } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { codeOf, SetupError } from "../change/setup-error.ts";
import { MANIFEST } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
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
  /** SHA-256 of what was installed: a file that differs from it was edited since. */
  digest: v.string(),
  /** What was there before; absent for a file that the install created. */
  original: v.optional(original),
});

const manifest = v.object({
  version: v.literal(1),
  files: v.array(entry),
  /** Directories that did not exist, outermost first. */
  directories: v.array(v.string()),
});

type Original = v.InferOutput<typeof original>;
type Entry = v.InferOutput<typeof entry>;
export type Role = Entry["role"];
export type Manifest = v.InferOutput<typeof manifest>;

export const NOTHING_INSTALLED: Manifest = { version: 1, files: [], directories: [] };

/** Reads the manifest; `undefined` where there is none. Throws a `SetupError` for one that cannot be understood. */
export function readManifest(): Manifest | undefined {
  try {
    return v.parse(manifest, JSON.parse(readFileSync(MANIFEST, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new SetupError(
      `${MANIFEST} cannot be used: ${reasonOf(error)}`,
      `remove it; afkill uninstall then takes away what it knows by name`,
    );
  }
}

/** The change that writes a manifest. Only root reads it: what it keeps may come from a file that only root may read. */
export function manifestChange(content: Manifest): Change {
  return file(MANIFEST, 0o600, Buffer.from(`${JSON.stringify(content, null, 1)}\n`));
}

/** What the manifest says of a path. */
export function entryOf(path: string, { files }: Manifest): Entry | undefined {
  return files.find((entry) => entry.path === path);
}

/** Whether a file differs from what an install put there, or was never put there by one. */
export function wasEdited(path: string, before: Manifest): boolean {
  return entryOf(path, before)?.digest !== digestOf({ copyOf: path });
}

/** The record after these changes. What an earlier record says of the first state of a file holds on. */
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

/** The first state of a file that afkill changes and did not create; `undefined` when afkill's rule is in it already. */
function originalOf(path: string): Original | undefined {
  const content = readFileSync(path);
  if (withoutRule(path) !== content.toString("latin1")) return undefined;
  const { mode, uid, gid, mtimeMs } = statSync(path);
  return { content: content.toString("base64"), mode: mode & 0o7777, uid, gid, mtimeMs };
}
