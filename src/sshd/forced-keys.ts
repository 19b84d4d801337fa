// Keys whose holders may run one command only. ForceCommand cancels that restriction (sshd_config(5), "ForceCommand"), so such
// a key, made for a backup, would get a shell. Pure.

/** What is said of a key whose restriction is certain. */
export const RESTRICTED_KEY = "a key restricted by command=";

/** Something that ForceCommand would cancel, or that cannot be known, and where it stands. */
export interface KeyFinding {
  readonly where: string;
  readonly what: string;
}

/**
 * What an authorized_keys file holds that ForceCommand would cancel. A `cert-authority` line counts: the certificates that it
 * vouches for carry their restriction with them, out of sight.
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
 * The first field of a line, up to a blank outside of quotes, split at its commas outside of quotes: the options, or on a line without
 * any the type of the key, which is none of those sought.
 */
function optionsOf(line: string): string[] {
  if (line === "" || line.startsWith("#")) return [];
  const field = /^(?:"(?:\\"|[^"])*"|[^\s"])*/.exec(line)?.[0] ?? "";
  return field.match(/(?:"(?:\\"|[^"])*"|[^,"])+/g) ?? [];
}

/** A user of the host, as getent(1) lists them. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Reads the lines of `getent passwd` (passwd(5)). */
export function parseUsers(text: string): User[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid = "", gid = "", , home] = line.split(":");
    const areNumbers = [uid, gid].every((id) => /^\d{1,10}$/.test(id));
    return name && home && areNumbers ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

/** The file that a pattern of AuthorizedKeysFile stands for (sshd_config(5), "TOKENS"); `undefined` for `none`. */
export function expandPattern(pattern: string, { name, uid, home }: User): string | undefined {
  if (pattern.toLowerCase() === "none") return undefined;
  const values: Record<string, string> = { "%%": "%", "%h": home, "%u": name, "%U": String(uid) };
  const path = pattern.replace(/%./g, (token) => values[token] ?? token);
  return path.startsWith("/") ? path : `${home.replace(/\/+$/, "")}/${path}`;
}

/** Sources of users in nsswitch.conf(5) that list all of theirs. */
const LISTED = new Set(["files", "compat", "db", "systemd", "extrausers", "altfiles", "mymachines"]);

/** The first source of users whose users cannot be listed (LDAP, SSSD, …): their keys stay unknown. */
export function unlistedSource(nsswitch: string): string | undefined {
  const line = /^[ \t]*passwd[ \t]*:([^#\n]*)/m.exec(nsswitch)?.[1] ?? "files";
  const sources = line.replace(/\[[^\]]*\]/g, " ").split(/\s+/);
  return sources.find((source) => source !== "" && !LISTED.has(source));
}
