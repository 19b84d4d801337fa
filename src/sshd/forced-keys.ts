// Keys that allow their holders only one command. ForceCommand cancels that restriction (sshd_config(5), "ForceCommand"), so a key that
// was made for a backup, for example, would get a shell. Pure.

/** The text for a key that is certainly restricted. */
export const RESTRICTED_KEY = "a key restricted by command=";

/** Something that ForceCommand would cancel, or that cannot be known, with its place. */
export interface KeyFinding {
  readonly where: string;
  readonly what: string;
}

/**
 * What ForceCommand would cancel in an authorized_keys file. A `cert-authority` line counts: its certificates carry their restrictions
 * in themselves, where we cannot see them.
 */
export function findForcedKeys(file: string, text: string): KeyFinding[] {
  const findings: KeyFinding[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const options = optionsOf(line.trimStart());
    const where = `${file}:${at + 1}`;
    if (options.some((option) => /^command=/i.test(option))) findings.push({ where, what: RESTRICTED_KEY });
    if (options.some((option) => /^cert-authority$/i.test(option)))
      findings.push({ where, what: "a cert-authority, whose certificates may be restricted to a command" });
  }
  return findings;
}

/**
 * The first field of a line, split at its commas; blanks and commas in quotes do not count. It holds the options. On a line without
 * options it is the type of the key, which is none of the options that we look for.
 */
function optionsOf(line: string): string[] {
  if (line === "" || line.startsWith("#")) return [];
  const field = /^(?:"(?:\\"|[^"])*"|[^\s"])*/.exec(line)?.[0] ?? "";
  return field.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? [];
}

/** A user of the host, as getent(1) prints them. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Reads the output of `getent passwd` (passwd(5)). */
export function parseUsers(text: string): User[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid = "", gid = "", , home] = line.split(":");
    const areNumbers = [uid, gid].every((id) => /^\d{1,10}$/.test(id));
    return name && home && areNumbers ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

/** The path that a pattern of AuthorizedKeysFile means for a user (sshd_config(5), "TOKENS"); `undefined` for `none`. */
export function expandPattern(pattern: string, { name, uid, home }: User): string | undefined {
  if (pattern.toLowerCase() === "none") return undefined;
  const values: Record<string, string> = { "%%": "%", "%h": home, "%u": name, "%U": String(uid) };
  const path = pattern.replace(/%./g, (token) => values[token] ?? token);
  return path.startsWith("/") ? path : `${home.replace(/\/+$/, "")}/${path}`;
}

/** Sources of users in nsswitch.conf(5) that can list all their users. */
const LISTED = new Set(["files", "compat", "db", "systemd", "extrausers", "altfiles", "mymachines"]);

/** The first source that cannot list its users (LDAP, SSSD, …): their keys stay unknown. `undefined` if there is none. */
export function unlistedSource(nsswitch: string): string | undefined {
  const line = /^[ \t]*passwd[ \t]*:([^#\n]*)/m.exec(nsswitch)?.[1] ?? "files";
  const sources = line.replace(/\[[^\]]*\]/g, " ").split(/\s+/);
  return sources.find((source) => source !== "" && !LISTED.has(source));
}
