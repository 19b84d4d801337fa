// Planning and carrying out an uninstall. It goes by the manifest, and by name where that is lost.
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { ABSENT, type Change, look } from "./change.ts";
import { digestOf } from "./content.ts";
import { mustBeGood } from "./hook-force-command.ts";
import { withoutRule } from "./hook-pam.ts";
import * as layout from "./layout.ts";
import { type Entry, type Manifest, NOTHING_INSTALLED, readManifest } from "./manifest.ts";
import { complaint, reloadSshd, settings } from "./sshd.ts";
import { carryOutAll } from "./transaction.ts";

export interface UninstallPlan {
  readonly changes: readonly Change[];
  /** What stays, and why, a line each. */
  readonly kept: readonly string[];
}

/** Plans to undo every install. `purge`: the policy and the audit go too. Throws a `SetupError` where that cannot be done with certainty. */
export function planUninstall(purge: boolean): UninstallPlan {
  const manifest = readManifest() ?? NOTHING_INSTALLED;
  const rotation = planRotation(manifest, purge);
  const data = [layout.POLICY_DIRECTORY, layout.AUDIT_DIRECTORY].filter((path) => look(path) !== undefined);
  const changes = [
    // Hooks first: nothing may start a program that is gone.
    ...pamFiles(manifest).flatMap((path) => planPam(path, manifest)),
    ...planOwnFile(layout.DROP_IN, manifest),
    ...planOwnFile(layout.PROFILE, manifest),
    ...rotation,
    ...planRemoval(layout.COMMAND),
    ...planRemoval(layout.PROGRAM_DIRECTORY),
    ...(purge ? data.flatMap(planRemoval) : []),
  ];
  const empty = planEmptied(
    manifest,
    changes.map(({ path }) => path),
  );
  const gone = new Set([...changes, ...empty].map(({ path }) => path));
  return {
    changes: [...changes, ...empty],
    kept: [
      ...data.filter((path) => !gone.has(path)).map((path) => `keep ${path} (--purge removes it)`),
      ...(look(layout.LOGROTATE) === undefined || gone.has(layout.LOGROTATE)
        ? []
        : [`keep ${layout.LOGROTATE} (it was edited; --purge removes it)`]),
    ],
  };
}

/** Carries a plan out, or puts everything back and throws a `SetupError`. Logins and their watchdogs are left alone. */
export function uninstall({ changes }: UninstallPlan, report: (line: string) => void): void {
  const touchesSshd = changes.some(({ path }) => path === layout.DROP_IN);
  const wasGood = touchesSshd && complaint() === undefined;
  carryOutAll(
    changes,
    () => {
      // A configuration that was bad before is not ours to judge.
      if (wasGood) mustBeGood();
    },
    report,
  );
  if (wasGood) report(reload());
}

/** The ForceCommand that sshd still knows goes on without the program, so a failed reload locks nobody out. */
function reload(): string {
  try {
    return reloadSshd(settings().get("pidfile") ?? "/run/sshd.pid");
  } catch (error) {
    return `sshd was not reloaded (${error instanceof Error ? error.message : error}): reload it yourself`;
  }
}

/** sshd's PAM files that may hold afkill's rule: those that an install changed, and the one that sshd uses by default. */
function pamFiles(manifest: Manifest): string[] {
  const recorded = manifest.files.filter(({ role }) => role === "pam").map(({ path }) => path);
  const usual = join(layout.PAM_DIRECTORY, "sshd");
  return [...new Set([...recorded, ...(existsSync(usual) ? [realpathSync(usual)] : [])])].filter(existsSync);
}

/** Back to the first bytes where nobody else has changed them since; else only the rule goes. */
function planPam(path: string, manifest: Manifest): Change[] {
  const now = readFileSync(path);
  const { mode, uid, gid } = statSync(path);
  const owner = { kind: "file", mode: mode & 0o7777, uid, gid } as const;
  const entry = entryOf(path, manifest);
  if (entry?.original !== undefined && entry.digest === digestOf(now)) {
    const { content, mtimeMs } = entry.original;
    return [{ path, wanted: { ...owner, content: Buffer.from(content, "base64"), mtimeMs } }];
  }
  const after = Buffer.from(withoutRule(path), "latin1");
  return after.equals(now)
    ? []
    : [{ path, wanted: { ...owner, content: after }, note: "only afkill's line goes" }];
}

/**
 * A file that an install created goes. One that was edited since keeps what is not afkill's, unless nothing but comments and
 * headings is left.
 */
function planOwnFile(path: string, manifest: Manifest): Change[] {
  const now = look(path);
  if (now === undefined) return [];
  const text = readFileSync(path, "latin1");
  if (entryOf(path, manifest)?.digest === digestOf(Buffer.from(text, "latin1"))) return planRemoval(path);
  const rest = withoutAfkill(text);
  if (rest === text) return [];
  if (!/^(?!\s*(#|Match\s|$))/im.test(rest)) return planRemoval(path);
  const { mode, uid, gid } = now;
  const content = Buffer.from(rest, "latin1");
  return [
    {
      path,
      wanted: { kind: "file", mode: mode & 0o7777, uid, gid, content },
      note: "only afkill's lines go",
    },
  ];
}

/** Without the statement or `if` that runs a program of afkill's, and without the heading that names it. */
function withoutAfkill(text: string): string {
  return text
    .replace(/^if \[ -r \/usr\/lib\/afkill\/[^\n]*\n(?:[^\n]*\n)*?fi\n/gm, "")
    .replace(/^[^\n]*(?:\/usr\/lib\/afkill\/|`afkill install)[^\n]*(?:\n|$)/gm, "");
}

function planRotation(manifest: Manifest, purge: boolean): Change[] {
  const path = layout.LOGROTATE;
  if (look(path) === undefined) return [];
  const untouched = entryOf(path, manifest)?.digest === digestOf({ copyOf: path });
  return untouched || purge ? planRemoval(path) : [];
}

function entryOf(path: string, { files }: Manifest): Entry | undefined {
  return files.find((entry) => entry.path === path);
}

function planRemoval(path: string): Change[] {
  return look(path) === undefined ? [] : [{ path, wanted: ABSENT }];
}

/** Directories that an install made and in which nothing will be left, those within before those around them. */
function planEmptied({ directories }: Manifest, removed: readonly string[]): Change[] {
  const gone = new Set(removed);
  const isWithin = (path: string) => removed.some((other) => path === other || path.startsWith(`${other}/`));
  return [...directories].reverse().flatMap((path): Change[] => {
    if (isWithin(path) || !look(path)?.isDirectory()) return [];
    if (!readdirSync(path).every((name) => gone.has(join(path, name)))) return [];
    gone.add(path);
    return [{ path, wanted: { kind: "emptied" } }];
  });
}
