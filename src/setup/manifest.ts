// What an install has done to this host, so that it can be undone byte for byte.
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { type Change, file } from "./change.ts";
import { MANIFEST } from "./layout.ts";
import { codeOf, reasonOf, SetupError } from "./setup-error.ts";

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
  role: v.picklist(["program", "policy", "logrotate", "pam", "force-command", "profile"]),
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

export type Original = v.InferOutput<typeof original>;
export type Entry = v.InferOutput<typeof entry>;
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
