// Whether the groups of the logged-in users are known, if the policy asks for groups.

import { whoOf } from "../../guard/decide.ts";
import { findLogins } from "../../login/all.ts";
import { allProcesses } from "../../login/process.ts";
import { asksForGroups } from "../../policy/apply.ts";
import { groupsOfAll } from "../../policy/groups.ts";
import { loadPolicy } from "../../policy/load.ts";
import { POLICY } from "../../system/paths.ts";
import { type Check, error } from "./finding.ts";

export const groups: Check = {
  id: "groups",
  fine: "the groups of all logged-in users are known, where the policy needs them",
  find: async () => {
    const policy = await loadPolicy(POLICY).catch(() => undefined);
    // Another check reports what is wrong with the policy.
    if (policy === undefined) return [];
    const logins = await findLogins(allProcesses());
    const users = logins.filter((login) => asksForGroups(policy, whoOf(login))).map(({ user }) => user);
    const answers = await groupsOfAll([...new Set(users)]);
    return [...answers].flatMap(([user, answer]) =>
      answer instanceof Error
        ? [
            error(
              `${answer.message}: for their logins the groups known last count; without known groups such a login is not ended`,
              `repair the directory service until this answers: id ${user}; or remove the groups from ${POLICY}`,
            ),
          ]
        : [],
    );
  },
};
