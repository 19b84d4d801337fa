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
  fine: "the groups that the policy asks for are known of everybody who is logged in",
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
              `${answer.message}: a login of theirs goes by the groups known last, and is ended by nobody without any`,
              `mend the directory service until this answers: id ${user}; or take the groups out of ${POLICY}`,
            ),
          ]
        : [],
    );
  },
};
