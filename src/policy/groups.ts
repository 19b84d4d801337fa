import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A directory server that does not answer (LDAP, SSSD) must not hold up a check for ever. */
const TIMEOUT_MS = 10_000;
/** Thousands of groups. */
const MOST_BYTES = 1024 * 1024;

const run = promisify(execFile);

/**
 * The names of all groups of a user as the system resolves them (NSS: /etc/group, LDAP, SSSD, systemd), the primary one first. They end in
 * NUL, since names may hold spaces. Throws where the user is unknown, the system does not answer, or one of the groups has no name
 * (id(1) fails then): it could be the one that exempts.
 */
export async function groupsOf(user: string): Promise<string[]> {
  try {
    const { stdout } = await run("/usr/bin/id", ["-Gnz", "--", user], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      cwd: "/",
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    });
    return stdout.split("\0").filter((name) => name !== "");
  } catch (error) {
    throw new Error(`the groups of ${user} are not known: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("killed" in error && error.killed === true) return `id gave no answer in ${TIMEOUT_MS / 1000} s`;
  const said = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return (said || error.message).replaceAll("\n", "; ");
}
