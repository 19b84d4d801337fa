// Whether this host knows the names in the policy.
import { loadFiles } from "../../policy/load.ts";
import { unknownNames } from "../../policy/names.ts";
import { formatProblem, PolicyError } from "../../policy/problems.ts";
import { POLICY } from "../../system/paths.ts";
import { type Check, warning } from "./finding.ts";

const REMEDY =
  "correct the name, or create the user or the group (getent passwd NAME and getent group NAME show who is known)";

export const policyNames: Check = {
  id: "policy-names",
  fine: "every user and group that the policy names is known here",
  find: async () => {
    try {
      return (await unknownNames(await loadFiles(POLICY))).map((it) => warning(formatProblem(it), REMEDY));
    } catch (thrown) {
      if (thrown instanceof PolicyError) return [];
      throw thrown;
    }
  },
};
