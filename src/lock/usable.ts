// Whether an account has a password that its user can type at a lock, as far as the host knows.
import { spawn } from "node:child_process";

/** A directory server that does not answer must not keep a terminal from being locked. */
const TIMEOUT_MS = 5_000;
/** A line of shadow(5) is a few hundred bytes. */
const MOST_BYTES = 4_096;
const COLON = 0x3a;

/**
 * Whether the account has a password of its own (shadow(5), through getent(1)); `undefined` if the host does not know: its passwords may be
 * elsewhere (LDAP, SSSD). Needs root. A user without one may still have another way to answer PAM, such as Kerberos or a code.
 */
export async function hasPassword(user: string): Promise<boolean | undefined> {
  const entry = await entryOf(user);
  const start = entry.indexOf(COLON) + 1;
  const first = entry[start];
  const isKnown = start > 0 && first !== undefined;
  entry.fill(0);
  // Empty, or locked: no password is equal to what begins with "!" or "*".
  return isKnown ? ![":", "!", "*"].includes(String.fromCharCode(first)) : undefined;
}

/** What getent(1) prints for a user, as bytes that can be filled with 0; empty if it knows none. */
async function entryOf(user: string): Promise<Buffer> {
  const child = spawn("/usr/bin/getent", ["shadow", "--", user], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const entry = Buffer.alloc(MOST_BYTES);
  let length = 0;
  child.stdout.on("data", (piece: Buffer) => {
    length += piece.copy(entry, length);
    piece.fill(0);
  });
  const status = await new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  return status === 0 ? entry.subarray(0, length) : Buffer.alloc(0);
}
