// Whose login it is. The uid comes from the kernel; the name from sshd's title, believed only where the system's resolver agrees.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isGone } from "./process.ts";

/** A directory server may be slow; one that does not answer must not hold a check for ever. */
const RESOLVER_TIMEOUT_MS = 10_000;

/** The real uid of a process (proc_pid_status(5)); `undefined` when it is gone. */
export function uidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** The title that an sshd gave itself, empty when it is gone. */
export function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
  } catch {
    return "";
  }
}

/**
 * The user in the title of an authenticated sshd: `sshd: USER [priv]`, `sshd: USER@pts/0,pts/1`, `sshd: USER@notty`, `sshd: USER`,
 * from OpenSSH 9.8 on `sshd-session: …`. `undefined` for other titles, such as the listener's or that of a login not yet authenticated.
 */
export function userInTitle(title: string): string | undefined {
  const text = /^sshd(?:-session)?: (.+)$/s.exec(title)?.[1];
  if (text === undefined) return undefined;
  // A name may hold an `@` itself (`alice@example.org`): only what follows the last one can be terminals.
  const served = /^(.+)@(?:notty|pts\/\d+(?:,pts\/\d+)*)$/s.exec(text)?.[1];
  const user = served ?? text.replace(/ \[priv\]$/, "");
  return /[[\]\s]/.test(user) ? undefined : user;
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
export function namesAskedOnce(names: readonly string[], uids: readonly number[]): Names {
  const asked = [...new Set([...names.filter((name) => !/^(\d+|-.*)?$/.test(name)), ...uids.map(String)])];
  // getent(1) prints what it finds, and has a status of 2 when something was not found.
  const entries = asked.length === 0 ? "" : (ask("/usr/bin/getent", ["passwd", ...asked], [0, 2]) ?? "");
  const uidByName = new Map<string, number>();
  const nameByUid = new Map<number, string>();
  for (const [name = "", , uid] of entries.split("\n").map((line) => line.split(":"))) {
    if (!/^\d+$/.test(uid ?? "")) continue;
    uidByName.set(name, Number(uid));
    if (!nameByUid.has(Number(uid))) nameByUid.set(Number(uid), name);
  }
  return { uidOf: (name) => uidByName.get(name), nameOf: (uid) => nameByUid.get(uid) };
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

function ask(program: string, args: readonly string[], statuses = [0]): string | undefined {
  const { status, stdout } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: RESOLVER_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return statuses.includes(status ?? -1) ? stdout.replace(/\n$/, "") : undefined;
}
