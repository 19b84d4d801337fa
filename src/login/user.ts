// Whose login it is. The uid comes from the kernel; the name from sshd's title, believed only where the system's resolver agrees.
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { readStart } from "../libc.ts";
import { commandLineOf, isGone } from "./process.ts";

/** A directory server may be slow; one that does not answer must not hold a check for ever. */
const RESOLVER_TIMEOUT_MS = 10_000;

/** The real uid of a process (proc_pid_status(5)); `undefined` when it is gone. */
export function uidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readStart(`/proc/${pid}/status`))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The title that an sshd gave itself, empty when it is gone. */
export function titleOf(pid: number): string {
  return commandLineOf(pid)[0] ?? "";
}

/**
 * The user in the title of an authenticated sshd: `sshd: USER [priv]`, `sshd: USER@pts/0,pts/1`, `sshd: USER@notty`, `sshd: USER`.
 * Before the colon it has the name that the program was called by: from OpenSSH 9.8 on `sshd-session`, or that of a link to it.
 * `undefined` for other titles, such as the listener's or that of a login not yet authenticated.
 */
export function userInTitle(title: string): string | undefined {
  const text = /^[^\s:/]+: (.+)$/s.exec(title)?.[1];
  if (text === undefined) return undefined;
  // A name may hold an `@` itself (`alice@example.org`): only what follows the last one can be terminals.
  const served = /^(.+)@(?:notty|pts\/\d+(?:,pts\/\d+)*)$/s.exec(text)?.[1];
  const user = served ?? text.replace(/ \[priv\]$/, "");
  return /[[\]\s]/.test(user) ? undefined : user;
}

/** Whether a title can be nothing but that of an sshd that holds a login; one that only names a user can be that of much else. */
export function isTitleOfLogin(title: string): boolean {
  return userInTitle(title) !== undefined && /( \[priv\]|@notty|@pts\/\d+(,pts\/\d+)*)$/.test(title);
}

/** The system's resolver for user names (NSS: LDAP and SSSD too). `undefined` when there is no such user, or no answer. */
export interface Names {
  uidOf(name: string): number | undefined;
  nameOf(uid: number): string | undefined;
}

/** Asks the system for each name. */
export const systemNames: Names = {
  uidOf: (name) => {
    const answer = ask("/usr/bin/id", ["-u", "--", name]);
    return answer !== undefined && /^\d+$/.test(answer) ? Number(answer) : undefined;
  },
  // The `+` keeps a user whose NAME is that number out of it (coreutils, "User and group name specification").
  nameOf: (uid) => ask("/usr/bin/id", ["-nu", "--", `+${uid}`]),
};

/** Asks the system once for many: names and uids that are not among these are unknown. A name that is a number is not asked for. */
export async function namesAskedOnce(names: readonly string[], uids: readonly number[]): Promise<Names> {
  const asked = new Set([...names.filter((name) => !/^(\d+|-.*)?$/.test(name)), ...uids]);
  const uidByName = new Map<string, number>();
  const nameByUid = new Map<number, string>();
  const take = (entries: string) => {
    for (const [name = "", , word = ""] of entries.split("\n").map((line) => line.split(":"))) {
      const uid = Number(word);
      if (!/^\d+$/.test(word) || !(asked.has(name) || asked.has(uid))) continue;
      if (!uidByName.has(name)) uidByName.set(name, uid);
      if (!nameByUid.has(uid)) nameByUid.set(uid, name);
    }
  };
  // Who is known here need not be asked for, which takes a process of its own.
  take(usersOfHost());
  const others = [...asked].filter((it) =>
    typeof it === "string" ? !uidByName.has(it) : !nameByUid.has(it),
  );
  if (others.length > 0) take(await entriesOf(others.map(String)));
  return { uidOf: (name) => uidByName.get(name), nameOf: (uid) => nameByUid.get(uid) };
}

/** The users in passwd(5). The resolver knows them as well: nsswitch.conf(5) of every distribution has it ask this file, nearly always first. */
function usersOfHost(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}

/** A name for a uid: the first of `candidates` that the system says has it, else the system's own, else the number. */
export function nameOfUid(
  uid: number,
  candidates: readonly (string | undefined)[],
  names: Names = systemNames,
): string {
  const agreed = candidates.find((name) => name !== undefined && names.uidOf(name) === uid);
  return agreed ?? names.nameOf(uid) ?? String(uid);
}

const OPTIONS = {
  encoding: "utf8",
  env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  timeout: RESOLVER_TIMEOUT_MS,
  killSignal: "SIGKILL",
} as const;

function ask(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { ...OPTIONS, stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.replace(/\n$/, "") : undefined;
}

/** The entries of passwd(5) of some users; none where there is no answer. */
async function entriesOf(keys: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)("/usr/bin/getent", ["passwd", ...keys], OPTIONS)).stdout;
  } catch (error) {
    // It prints what it finds, and has a status of 2 when something was not found (getent(1)).
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    return code === 2 ? (stdout ?? "") : "";
  }
}
