// What the policy says of many logins, with the files read once and the groups of all users asked for once.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Login } from "../login/login.ts";
import { apply } from "../policy/apply.ts";
import { NO_POLICY } from "../policy/decide.ts";
import { groupsOf } from "../policy/groups.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Applied, Policy } from "../policy/policy.ts";

export interface PolicyOfLogin {
  readonly applied: Applied;
  /** Why the policy could not be told; nobody is ended then. */
  readonly complaint: string | undefined;
}

/** Reads the policy once; the answer tells what applies to a login. Never throws: a login whose policy cannot be told is ended by nobody. */
export async function policyForMany(
  configPath: string,
  logins: readonly Login[],
): Promise<(login: Login) => PolicyOfLogin> {
  try {
    const policy = await loadPolicy(configPath);
    const users = [...new Set(logins.map(({ user }) => user))];
    const groups = asksForGroups(policy) ? await groupsOfAll(users) : new Map<string, string[] | Error>();
    return ({ user, client }) => {
      const found = groups.get(user) ?? [];
      if (found instanceof Error) return { applied: NO_POLICY, complaint: found.message };
      return {
        applied: apply(policy, { user, groups: found, address: client?.address }),
        complaint: undefined,
      };
    };
  } catch (error) {
    const complaint = error instanceof Error ? error.message : String(error);
    return () => ({ applied: NO_POLICY, complaint });
  }
}

function asksForGroups({ exempt, rules }: Policy): boolean {
  return exempt.groups.length > 0 || rules.some(({ match }) => match.groups.length > 0);
}

/** One id(1) for all; where it fails for one of them, one for each, to know which. */
async function groupsOfAll(users: readonly string[]): Promise<Map<string, string[] | Error>> {
  if (users.length > 1) {
    const found = await groupsAtOnce(users);
    if (found) return found;
  }
  const answers = users.map(async (user): Promise<[string, string[] | Error]> => {
    return [user, await groupsOf(user).catch((error: Error) => error)];
  });
  return new Map(await Promise.all(answers));
}

/** The groups of several users; `undefined` where they could not be told. */
async function groupsAtOnce(users: readonly string[]): Promise<Map<string, string[]> | undefined> {
  try {
    // Two NULs end the groups of a user where several are asked for (coreutils, id --zero).
    const { stdout } = await promisify(execFile)("/usr/bin/id", ["-Gnz", "--", ...users], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      cwd: "/",
      timeout: 10_000,
      killSignal: "SIGKILL",
      maxBuffer: 64 << 20,
    });
    const lists = stdout.split("\0\0").map((list) => list.split("\0").filter((name) => name !== ""));
    return lists.length >= users.length
      ? new Map(users.map((user, index) => [user, lists[index] ?? []]))
      : undefined;
  } catch {
    return undefined;
  }
}
