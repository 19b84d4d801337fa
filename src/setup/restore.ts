// How each file is put back as it was before afkill was installed.
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { ABSENT, type Change, look } from "../change/change.ts";
import { digestOf } from "../change/content.ts";
import { SetupError } from "../change/setup-error.ts";
import { leftBeside } from "../change/step.ts";
import { run } from "../system/command.ts";
import { DROP_IN, OWN_SERVICE, PAM_DIRECTORY, PAM_DROP_IN } from "../system/paths.ts";
import { entryOf, type Manifest } from "./manifest.ts";
import { withoutRule } from "./pam-service.ts";

/** sshd's PAM files that may hold afkill's rule: the files that an install changed, and the one that sshd uses by default. */
export function pamFiles(manifest: Manifest): string[] {
  const recorded = manifest.files.filter(({ role }) => role === "pam").map(({ path }) => path);
  const there = [...recorded, join(PAM_DIRECTORY, "sshd")].filter((path) => existsSync(path));
  return [...new Set(there.map((path) => realpathSync(path)))];
}

/** Restores the original bytes if nobody else has changed the file since; else removes only the rule. */
export function planPamBack(path: string, manifest: Manifest): Change[] {
  const now = readFileSync(path);
  const { mode, uid, gid } = statSync(path);
  const owner = { kind: "file", mode: mode & 0o7777, uid, gid, madeFrom: digestOf(now) } as const;
  const entry = entryOf(path, manifest);
  if (entry?.original !== undefined && entry.digest === digestOf(now)) {
    const { content, mtimeMs } = entry.original;
    return [{ path, wanted: { ...owner, content: Buffer.from(content, "base64"), mtimeMs } }];
  }
  const after = Buffer.from(withoutRule(path), "latin1");
  return after.equals(now)
    ? []
    : [{ path, wanted: { ...owner, content: after }, note: "removes only afkill's line" }];
}

/**
 * Removes a file that an install created. If it was edited since, only afkill's part is removed, unless the rest is only comments and
 * headings. If a shell could not read the remaining script, the file stays as it is. Throws a `SetupError` if it is no regular file.
 */
export function planOwnFileBack(path: string, manifest: Manifest): Change[] {
  const now = look(path);
  if (now === undefined) return [];
  if (!now.isFile())
    throw new SetupError(`${path} is not a regular file`, "move it to another place and run this again");
  const text = readFileSync(path, "latin1");
  const digest = digestOf(Buffer.from(text, "latin1"));
  if (entryOf(path, manifest)?.digest === digest) return planRemoval(path);
  const rest = withoutAfkill(text);
  if (rest === text) return [];
  if (!/^(?!\s*(#|Match\s|$))/im.test(rest)) return planRemoval(path);
  if (path !== DROP_IN && path !== PAM_DROP_IN && run("/bin/sh", ["-n", "-c", rest]).status !== 0) return [];
  const { mode, uid, gid } = now;
  const content = Buffer.from(rest, "latin1");
  return [
    {
      path,
      wanted: { kind: "file", mode: mode & 0o7777, uid, gid, content, madeFrom: digest },
      note: "removes only afkill's lines",
    },
  ];
}

/** Lines that run a program of afkill or name its PAM service, and the heading that names afkill. */
const OURS = new RegExp(`^[^\\n]*(?:/usr/lib/afkill/|\`afkill install|${OWN_SERVICE})[^\\n]*(?:\\n|$)`, "gm");

/** The text without those lines, and without an `if` around a program of afkill. */
function withoutAfkill(text: string): string {
  return text
    .replace(/^if \[ -r \/usr\/lib\/afkill\/[^\n]*\n(?:[^\n]*\n)*?fi(?:\n|$)/gm, "")
    .replace(OURS, "");
}

/** A file that serves another program is removed, unless the administrator has edited it; `purge` removes it even then. */
export function planUneditedBack(path: string, manifest: Manifest, purge: boolean): Change[] {
  const now = look(path);
  if (now === undefined) return [];
  const untouched = now.isFile() && entryOf(path, manifest)?.digest === digestOf({ copyOf: path });
  return untouched || purge ? planRemoval(path) : [];
}

/** Removes what is at a path, if anything is. */
export function planRemoval(path: string): Change[] {
  return look(path) === undefined ? [] : [{ path, wanted: ABSENT }];
}

/** Removes what a run that was killed has left beside a path. */
export function planLeftBeside(path: string): Change[] {
  return leftBeside(path).map((it) => ({ path: it, wanted: ABSENT, note: "left by a run that was killed" }));
}
