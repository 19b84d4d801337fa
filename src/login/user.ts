// Whose login it is. The uid comes from the kernel. The name comes from sshd's title, and is believed only if the system's resolver agrees.
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { readStart } from "../system/libc.ts";
import { commandLineOf, isGone } from "./process.ts";

/** A directory server may be slow, but one that does not answer must not block a check for ever. */
const RESOLVER_TIMEOUT_MS = 10_000;
/** The limit for a check, which asks about one login again and again: it can go on without the answer. */
const SHORT_TIMEOUT_MS = 3_000;
/** After a question without an answer this process asks no more for so long. */
const SILENCE_MS = 60_000;

/** The real uid of a process (proc_pid_status(5)); `undefined` if it is gone. */
export function uidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readStart(`/proc/${pid}/status`))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The uid whose rights a process has (proc_pid_status(5)): 0 for a setuid program of root's; `undefined` if it is gone. */
export function effectiveUidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readStart(`/proc/${pid}/status`))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The title that an sshd gave itself; empty if it is gone. */
export function titleOf(pid: number): string {
  return commandLineOf(pid)[0] ?? "";
}

/**
 * The end of a privileged sshd's title, if a child serves the login: `[priv]`, or from OpenSSH 10.5 on `[postauth]` once it has a child.
 */
export const PRIVILEGED: RegExp = / \[(?:priv|postauth)\]$/;

/**
 * The user in the title of an authenticated sshd: `sshd: USER [priv]`, `sshd: USER@pts/0,pts/1`, `sshd: USER@notty`, `sshd: USER`, from
 * OpenSSH 10.5 on also `… USER [postauth]`. Before the colon is the name by which the program was called: from OpenSSH 9.8 on
 * `sshd-session`, or the name of a link to it. `undefined` for other titles, such as that of the listener or of a login not yet
 * authenticated.
 */
export function userInTitle(title: string): string | undefined {
  const text = /^[^\s:/]+: (.+)$/s.exec(title)?.[1];
  if (text === undefined) return undefined;
  // A name may contain an `@` (`alice@example.org`): only the part after the last one can be terminals.
  const served = /^(.+)@(?:notty|pts\/\d+(?:,pts\/\d+)*)$/s.exec(text)?.[1];
  const user = served ?? text.replace(PRIVILEGED, "");
  return /[[\]\s]/.test(user) ? undefined : user;
}

/** Whether a title can only be that of an sshd that holds a login. Many other programs can have a title that only names a user. */
export function isTitleOfLogin(title: string): boolean {
  return (
    userInTitle(title) !== undefined &&
    (PRIVILEGED.test(title) || /@(notty|pts\/\d+(,pts\/\d+)*)$/.test(title))
  );
}

/** The system's resolver for user names (NSS: LDAP and SSSD too). `undefined` if there is no such user, or no answer. */
export interface Names {
  uidOf(name: string): number | undefined;
  nameOf(uid: number): string | undefined;
  /** Whether a question got no answer at all. */
  isSilent(): boolean;
}

/** Asks the system for each name. Users in /etc/passwd are not asked for: a question takes a process, and a directory may hang. */
export const systemNames: Names = {
  uidOf: (name) => {
    const own = entriesIn(usersOfHost()).find((entry) => entry.name === name);
    if (own) return own.uid;
    const answer = ask("/usr/bin/id", ["-u", "--", name]);
    return answer !== undefined && /^\d+$/.test(answer) ? Number(answer) : undefined;
  },
  nameOf: (uid) =>
    entriesIn(usersOfHost()).find((entry) => entry.uid === uid)?.name ??
    // With the `+`, a user whose NAME is that number is not meant (coreutils, "User and group name specification").
    ask("/usr/bin/id", ["-nu", "--", `+${uid}`]),
  isSilent: () => performance.now() < silentUntilMs,
};

let silentUntilMs = 0;

/** The users in lines of passwd(5). */
function entriesIn(text: string): { readonly name: string; readonly uid: number }[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , word = ""] = line.split(":");
    return /^\d+$/.test(word) ? [{ name, uid: Number(word) }] : [];
  });
}

/** Asks the system once for many. Other names and uids are unknown in the result. A name that is a number is not asked for. */
export async function namesAskedOnce(names: readonly string[], uids: readonly number[]): Promise<Names> {
  const asked = new Set([...names.filter((name) => !/^(\d+|-.*)?$/.test(name)), ...uids]);
  const uidByName = new Map<string, number>();
  const nameByUid = new Map<number, string>();
  const take = (entries: string) => {
    for (const { name, uid } of entriesIn(entries)) {
      if (!(asked.has(name) || asked.has(uid))) continue;
      if (!uidByName.has(name)) uidByName.set(name, uid);
      if (!nameByUid.has(uid)) nameByUid.set(uid, name);
    }
  };
  // Users in /etc/passwd are not asked for: a question takes a process of its own.
  take(usersOfHost());
  const others = [...asked].filter((it) =>
    typeof it === "string" ? !uidByName.has(it) : !nameByUid.has(it),
  );
  const found = others.length > 0 ? await entriesOf(others.map(String)) : "";
  take(found ?? "");
  return {
    uidOf: (name) => uidByName.get(name),
    nameOf: (uid) => nameByUid.get(uid),
    isSilent: () => found === undefined,
  };
}

/**
 * The text of /etc/passwd; empty if it cannot be read. The resolver knows these users as well: in every distribution nsswitch.conf(5) makes
 * it ask this file, nearly always first.
 */
function usersOfHost(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}

/**
 * A name for a uid: the first of `candidates` that the system says has this uid, else the system's own name. If the system does not answer,
 * it is the first candidate, the name that sshd uses: a directory that hangs must not take an exemption or a rule from anybody. Else the
 * number.
 */
export function nameOfUid(
  uid: number,
  candidates: readonly (string | undefined)[],
  names: Names = systemNames,
): string {
  const agreed = candidates.find((name) => name !== undefined && names.uidOf(name) === uid);
  const known = agreed ?? names.nameOf(uid);
  return known ?? (names.isSilent() ? candidates[0] : undefined) ?? String(uid);
}

const OPTIONS = {
  encoding: "utf8",
  env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  killSignal: "SIGKILL",
} as const;

function ask(program: string, args: readonly string[]): string | undefined {
  if (systemNames.isSilent()) return undefined;
  // Node needs longer to load this than a check takes, and nearly all users are in /etc/passwd.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { status, signal, stdout } = spawnSync(program, args, {
    ...OPTIONS,
    timeout: SHORT_TIMEOUT_MS,
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (signal !== null) silentUntilMs = performance.now() + SILENCE_MS;
  return status === 0 ? stdout.replace(/\n$/, "") : undefined;
}

/** The passwd(5) entries of some users; `undefined` if there is no answer. */
async function entriesOf(keys: readonly string[]): Promise<string | undefined> {
  try {
    const { execFile } = process.getBuiltinModule("node:child_process");
    const options = { ...OPTIONS, timeout: RESOLVER_TIMEOUT_MS };
    return (await promisify(execFile)("/usr/bin/getent", ["passwd", ...keys], options)).stdout;
  } catch (error) {
    // It prints the entries it finds, and has status 2 if one was not found (getent(1)).
    const { code, killed, stdout } = error as { code?: unknown; killed?: boolean; stdout?: string };
    if (killed === true) return undefined;
    return code === 2 ? (stdout ?? "") : "";
  }
}
