// Reading everybody's authorized_keys. They are their users' files: anything may be at those places.
import { closeSync, constants, fstatSync, globSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { run, said } from "./command.ts";
import {
  expandPattern,
  type Finding,
  findForcedKeys,
  parseUsers,
  type User,
  unlistedSource,
} from "./forced-keys.ts";
import { codeOf } from "./setup-error.ts";

/** Far more than the keys of anybody. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What ForceCommand would cancel, or what cannot be known, in the key files of all users. Patterns are those of AuthorizedKeysFile. */
export function keysOfAllUsers(patterns: readonly string[]): Finding[] {
  const source = unlistedSource(textOf("/etc/nsswitch.conf"));
  const hidden: Finding[] =
    source === undefined
      ? []
      : [{ where: "/etc/nsswitch.conf", what: `users from "${source}", whose keys cannot be listed` }];
  const listed = run("/usr/bin/getent", ["passwd"]);
  if (listed.status !== 0)
    return [{ where: "getent passwd", what: `users that cannot be listed (${said(listed)})` }];
  const users = parseUsers(listed.stdout);
  const files = new Set([...users, ...formerUsers(users)].flatMap((user) => filesOf(patterns, user)));
  return [...hidden, ...[...files].flatMap(readKeys)];
}

function filesOf(patterns: readonly string[], user: User): string[] {
  return patterns.map((pattern) => expandPattern(pattern, user)).filter((path) => path !== undefined);
}

/** A home beside those of the known users belongs to somebody that getent did not list. */
function formerUsers(users: readonly User[]): User[] {
  const parents = new Set(users.filter(({ uid }) => uid >= 1000).map(({ home }) => dirname(home)));
  return [...parents, "/home"]
    .filter((parent) => parent !== "/" && parent !== ".")
    .flatMap((parent) => globSync(`${parent}/*`))
    .map((home) => ({ name: home.slice(home.lastIndexOf("/") + 1), uid: 0, home }));
}

function readKeys(path: string): Finding[] {
  try {
    // A FIFO must not hold us up; a device is opened only to see that it is none of ours. sshd follows links here too.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stats = fstatSync(fd);
      // sshd takes keys from regular files only.
      if (!stats.isFile()) return [];
      if (stats.size > MOST_BYTES) return [{ where: path, what: "a file of keys too large to be read" }];
      return findForcedKeys(path, readFileSync(fd, "latin1"));
    } finally {
      closeSync(fd);
    }
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
