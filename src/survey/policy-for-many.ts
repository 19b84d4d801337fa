// What the policy says of many logins, with the files read once and the groups of all users asked for once.

import { applyTo, whoOf, withoutPolicy } from "../guard/decide.ts";
import { BLANK, type Memory } from "../guard/memory.ts";
import type { Login } from "../login/login.ts";
import { asksForGroups } from "../policy/apply.ts";
import { groupsOfAll } from "../policy/groups.ts";
import { loadPolicy } from "../policy/load.ts";
import type { Applied } from "../policy/policy.ts";

export interface PolicyOfLogin {
  readonly applied: Applied;
  /** Why that is not what the files say. */
  readonly complaint: string | undefined;
}

/**
 * Reads the policy once; the answer tells what applies to a login of which something may be remembered, as `decidePolicy` has it for its
 * watchdog. Never throws: a login whose policy cannot be told is ended by nobody.
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
