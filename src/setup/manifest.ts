// The record of what an install has done to this host. With it an uninstall restores every byte.
import { readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { type Change, file } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { codeOf, SetupError } from "../change/setup-error.ts";
import { HOOKS, type Hook, MANIFEST } from "../system/paths.ts";
import { reasonOf } from "../text/reason-of.ts";
import { day, release } from "./build-record.ts";
import { withoutRule } from "./pam-service.ts";

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
  role: v.picklist([
    "program",
    "policy",
    "logrotate",
    "shared",
    "pam",
    "pam-service",
    "force-command",
    "profile",
  ]),
  /** SHA-256 of the installed content: if a file differs from it, somebody has edited it since. */
  digest: v.string(),
  /** The file before the install; absent if the install created it. */
  original: v.optional(original),
});

const installed = v.object({
  hook: v.picklist(HOOKS),
  match: v.optional(v.string()),
  acceptForcedKeys: v.boolean(),
  wrap: v.boolean(),
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
  /** The hooks, with the options of the last install of each. Manifests of 0.1.0 have none. */
  hooks: v.optional(v.array(installed), []),
  /** Absent while the Node is the build's. */
  node: v.optional(otherNode),
});

type Original = v.InferOutput<typeof original>;
type Entry = v.InferOutput<typeof entry>;
export type Role = Entry["role"];
export type OtherNode = v.InferOutput<typeof otherNode>;
export type Manifest = v.InferOutput<typeof manifest>;
/** One hook as it was installed. */
export type InstalledHook = v.InferOutput<typeof installed>;

export const NOTHING_INSTALLED: Manifest = { version: 1, files: [], directories: [], hooks: [] };

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

/** Whether a role is that of a hook's file: a hook has files of one or two roles. */
export function isOfHook(role: Role, hook: Hook): boolean {
  return role === hook || (hook === "pam" && role === "pam-service");
}

/** The hooks of a manifest. Without its list the files tell, but for the options of force-command. */
export function hooksOf({ hooks, files }: Manifest): readonly InstalledHook[] {
  const plain = (["pam", "profile"] as const)
    .filter((hook) => files.some(({ role }) => isOfHook(role, hook)))
    .filter((hook) => !hooks.some((it) => it.hook === hook));
  return [...hooks, ...plain.map((hook) => ({ hook, acceptForcedKeys: false, wrap: false }))];
}

/** What an install does, for its record. */
export interface Done {
  readonly due: readonly { role: Role; change: Change }[];
  /** The files that are no longer afkill's. */
  readonly left?: readonly string[];
  /** The hook that it installs, if it installs one. */
  readonly hook?: InstalledHook;
}

/** The manifest after an install. If an earlier manifest has the first state of a file, that state is kept. */
export function nextManifest(before: Manifest, { due, left = [], hook }: Done): Manifest {
  const changed = new Set([...due.map(({ change }) => change.path), ...left]);
  const files = due.flatMap(({ role, change: { path, wanted } }): Entry[] => {
    if (wanted.kind !== "file") return [];
    const original = role === "pam" ? originalOf(path) : undefined;
    return [{ path, role, digest: digestOf(wanted.content), ...(original && { original }) }];
  });
  const directories = due.flatMap(({ change: { path, wanted } }) =>
    wanted.kind === "directory" ? [path] : [],
  );
  return {
    ...before,
    files: [...before.files.filter(({ path }) => !changed.has(path)), ...files],
    directories: [...before.directories, ...directories],
    hooks: hook === undefined ? before.hooks : withHook(before.hooks, hook),
  };
}

/** In their places: an install that changes nothing writes the same record. */
function withHook(hooks: readonly InstalledHook[], hook: InstalledHook): InstalledHook[] {
  return hooks.some((it) => it.hook === hook.hook)
    ? hooks.map((it) => (it.hook === hook.hook ? hook : it))
    : [...hooks, hook];
}

/** The first state of a file that afkill changes but did not create; `undefined` if afkill's rule is in it already. */
function originalOf(path: string): Original | undefined {
  const content = readFileSync(path);
  if (withoutRule(path) !== content.toString("latin1")) return undefined;
  const { mode, uid, gid, mtimeMs } = statSync(path);
  return { content: content.toString("base64"), mode: mode & 0o7777, uid, gid, mtimeMs };
}
