// Whose login it is. The uid comes from the kernel; the name from sshd's title, believed only where the system's resolver agrees.
import { execFileSync } from "node:child_process";
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

/** The uid of a user name, asked of the system (LDAP and SSSD too); `undefined` when there is no such user, or no answer. */
export function uidOfUser(name: string): number | undefined {
  const answer = askId(["-u", "--", name]);
  return answer !== undefined && /^\d+$/.test(answer) ? Number(answer) : undefined;
}

/** A name for a uid: the first of `candidates` that the system says has it, else the system's own, else the number. */
export function nameOfUid(uid: number, candidates: readonly (string | undefined)[]): string {
  const agreed = candidates.find((name) => name !== undefined && uidOfUser(name) === uid);
  // The `+` keeps a user whose NAME is that number out of it (coreutils, "User and group name specification").
  return agreed ?? askId(["-nu", "--", `+${uid}`]) ?? String(uid);
}

function askId(args: readonly string[]): string | undefined {
  try {
    return execFileSync("/usr/bin/id", args, {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: RESOLVER_TIMEOUT_MS,
      killSignal: "SIGKILL",
    }).replace(/\n$/, "");
  } catch {
    return undefined;
  }
}
