// What the policy says for many logins. The files are read once, and the groups of all users are asked for once.

import { applyTo, whoOf, withoutPolicy } from "../guard/decide.ts";
import { BLANK, type Memory } from "../guard/memory.ts";
import type { Login } from "../login/login.ts";
import { asksForGroups } from "../policy/apply.ts";
import { groupsOfAll } from "../policy/groups.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Applied } from "../policy/policy.ts";

export interface PolicyOfLogin {
  readonly applied: Applied;
  /** Why this is not what the files say. */
  readonly complaint: string | undefined;
}

/**
 * Reads the policy once. Returns a function that tells what applies to a login with a memory, like `decidePolicy` of its watchdog. Never
 * throws: if the policy of a login is unknown, nobody ends it.
 */
export async function policyForMany(
  configPath: string,
  logins: readonly Login[],
): Promise<(login: Login, memory?: Memory) => PolicyOfLogin> {
  try {
    const policy = await loadPolicy(configPath);
    const concerned = logins.filter((login) => asksForGroups(policy, whoOf(login))).map(({ user }) => user);
    const groups = await groupsOfAll([...new Set(concerned)]);
    return (login, memory = BLANK) => applyTo(policy, whoOf(login), groups.get(login.user) ?? [], memory);
  } catch (error) {
    return (_, { lastGood } = BLANK) => withoutPolicy(error, lastGood);
  }
}
