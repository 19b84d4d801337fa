// The groups of users, as the system reports them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ascii } from "./problems.ts";

/** A directory server that does not answer (LDAP, SSSD) must not block a check for ever. */
const TIMEOUT_MS = 10_000;
/** For asking about several users at once, while somebody waits. If that fails, each user is asked for alone, with the same time again. */
const TOGETHER_MS = 5_000;
/** Enough for thousands of groups. */
const MOST_BYTES = 1024 * 1024;
/** What id(1) prints for a group without a name (coreutils, print_group). It still prints the number and the other groups. */
const NAMELESS = /^\S*id: cannot find name for group ID (\d+)$/;

const run = promisify(execFile);

/** The groups of a user, or why they are unknown. */
export type Groups = readonly string[] | Error;

/**
 * The names of all groups of a user as the system resolves them (NSS: /etc/group, LDAP, SSSD, systemd), the primary group first. Groups
 * without a name are left out: a policy can only name groups. Throws if the user is unknown or the system does not answer.
 */
export async function groupsOf(user: string, timeoutMs = TIMEOUT_MS): Promise<string[]> {
  const [groups = []] = await groupsAsTold([user], timeoutMs);
  return groups;
}

/** The groups of several users with one call of id(1). If it fails for one user, each user gets a call, to know which one failed. */
export async function groupsOfAll(users: readonly string[]): Promise<Map<string, Groups>> {
  if (users.length > 1) {
    const found = await groupsAsTold(users, TOGETHER_MS).catch(() => []);
    if (found.length > 0) return new Map(users.map((user, at) => [user, found[at] ?? []]));
  }
  const answers = users.map(async (user): Promise<[string, Groups]> => {
    return [user, await groupsOf(user, TOGETHER_MS).catch((error: Error) => error)];
  });
  return new Map(await Promise.all(answers));
}

/** The groups of each user, in the order of `users`. A name ends in NUL, since it may hold spaces; a user's list in two (id(1), --zero). */
async function groupsAsTold(users: readonly string[], timeoutMs: number): Promise<string[][]> {
  const { stdout, stderr } = await answerOf(users, timeoutMs);
  const nameless = new Set(stderr.split("\n").flatMap((line) => NAMELESS.exec(line)?.[1] ?? []));
  const lists = stdout.split("\0\0").map((list) => list.split("\0").filter((name) => name !== ""));
  return users.map((user, at) => {
    const list = lists[at] ?? [];
    // Every user has at least one group, even if it has no name.
    if (list.length === 0) throw new Error(`the groups of ${ascii(user)} are not known: id printed none`);
    return list.filter((name) => !nameless.has(name));
  });
}

async function answerOf(
  users: readonly string[],
  timeoutMs: number,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run("/usr/bin/id", ["-Gnz", "--", ...users], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      cwd: "/",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES * users.length,
    });
  } catch (error) {
    const said = saidBy(error);
    if (said && onlyNameless(said.stderr)) return said;
    const whose = users.map((user) => ascii(user)).join(", ");
    throw new Error(`the groups of ${whose} are not known: ${reason(error, timeoutMs)}`, { cause: error });
  }
}

/** What id(1) printed before it exited with status 1; `undefined` if it was killed or did not start. */
function saidBy(error: unknown): { stdout: string; stderr: string } | undefined {
  const { code, killed, stdout, stderr } = error as { [key in string]?: unknown };
  if (code !== 1 || killed === true || typeof stdout !== "string" || typeof stderr !== "string")
    return undefined;
  return { stdout, stderr };
}

/** Whether id(1) complains about groups without a name only. */
function onlyNameless(stderr: string): boolean {
  const lines = stderr.split("\n").filter((line) => line !== "");
  return lines.length > 0 && lines.every((line) => NAMELESS.test(line));
}

function reason(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if ("killed" in error && error.killed === true) return `id gave no answer in ${timeoutMs / 1000} s`;
  const said = "stderr" in error && typeof error.stderr === "string" ? error.stderr.trim() : "";
  return (said || error.message).replaceAll("\n", "; ");
}
