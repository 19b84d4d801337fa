// Reads the authorized_keys of all users. The users own these files, so anything can be at these paths.
import { globSync, lstatSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { codeOf } from "../change/setup-error.ts";
import { run, said } from "../system/command.ts";
import {
  expandPattern,
  findForcedKeys,
  type KeyFinding,
  parseUsers,
  type User,
  unlistedSource,
} from "./forced-keys.ts";
import { type Reader, readKeyFile } from "./read-key-file.ts";

/** What ForceCommand would cancel in the key files of all users, and what cannot be known. `patterns` come from AuthorizedKeysFile. */
export function keysOfAllUsers(patterns: readonly string[]): KeyFinding[] {
  const source = unlistedSource(textOf("/etc/nsswitch.conf"));
  const hidden: KeyFinding[] =
    source === undefined
      ? []
      : [{ where: "/etc/nsswitch.conf", what: `users from "${source}", whose keys cannot be listed` }];
  const listed = run("/usr/bin/getent", ["passwd"]);
  if (listed.status !== 0)
    return [{ where: "getent passwd", what: `users that cannot be listed (${said(listed)})` }];
  const users = parseUsers(listed.stdout);
  const readers = new Map<string, () => Reader>();
  const add = (user: User, readerOf: (path: string) => Reader) => {
    for (const path of filesOf(patterns, user))
      if (!readers.has(path)) readers.set(path, () => readerOf(path));
  };
  for (const user of users) add(user, () => ({ uid: user.uid, gid: user.gid, groups: true }));
  for (const user of formerUsers(users)) add(user, ownerOf);
  return [...hidden, ...[...readers].flatMap(([path, reader]) => readKeys(path, reader))];
}

function filesOf(patterns: readonly string[], user: User): string[] {
  return patterns.map((pattern) => expandPattern(pattern, user)).filter((path) => path !== undefined);
}

/** The user who put something at a path, or could have: the owner of its directory, or of the link to it. */
function ownerOf(path: string): Reader {
  const { uid, gid } = lstatSync(dirname(path));
  return { uid, gid, groups: false };
}

/** A home beside those of the known users belongs to a user that getent did not list. */
function formerUsers(users: readonly User[]): User[] {
  const parents = new Set(users.filter(({ uid }) => uid >= 1000).map(({ home }) => dirname(home)));
  return [...parents, "/home"]
    .filter((parent) => parent !== "/" && parent !== ".")
    .flatMap((parent) => globSync(`${parent}/*`))
    .map((home) => ({ name: home.slice(home.lastIndexOf("/") + 1), uid: 0, gid: 0, home }));
}

function readKeys(path: string, reader: () => Reader): KeyFinding[] {
  try {
    const file = readKeyFile(path, reader);
    if (file === undefined) return [];
    return "text" in file ? findForcedKeys(path, file.text) : [{ where: path, what: file.fault }];
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO") return [];
    return [{ where: path, what: `keys that cannot be read (${code})` }];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
