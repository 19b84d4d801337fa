// Whether this host knows the names in the policy, and each of its lists can match somebody. Rules for other hosts are no finding.
import { loadFiles } from "../../policy/load.ts";
import { unknownNames } from "../../policy/names.ts";
import { formatProblem, PolicyError } from "../../policy/problems.ts";
import { unfitEntries } from "../../policy/unfit.ts";
import { POLICY } from "../../system/paths.ts";
import { type Check, warning } from "./finding.ts";

const REMEDY =
  "correct the name, or create the user or the group (getent passwd NAME and getent group NAME show who is known)";

const LIST_REMEDY = "correct the list (man 5 afkill.toml, Patterns)";

export const policyNames: Check = {
  id: "policy-names",
  fine: "every user and group that the policy names is known here",
  find: async () => {
    try {
      const files = await loadFiles(POLICY);
      const [names, lists] = await Promise.all([unknownNames(files), unfitEntries(files)]);
      return [
        ...names.map((it) => warning(formatProblem(it), REMEDY)),
        ...lists.map((it) => warning(formatProblem(it), LIST_REMEDY)),
      ];
    } catch (thrown) {
      if (thrown instanceof PolicyError) return [];
      throw thrown;
    }
  },
};
