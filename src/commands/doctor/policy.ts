// Whether the policy can be used, and whether the host has what it needs.
import { placeOfSs } from "../../activity/connections.ts";
import { look } from "../../change/change.ts";
import { loadPolicy } from "../../policy/load.ts";
import { formatProblem, PolicyError } from "../../policy/problems.ts";
import { asksForSs, SS_REMEDY } from "../../setup/ss.ts";
import { POLICY, POLICY_DIRECTORY } from "../../system/paths.ts";
import { type Check, error, type Problem, problemOf } from "./finding.ts";
import { isUsers } from "./installation.ts";

export const policy: Check = {
  id: "policy",
  fine: `the policy ${POLICY} can be used`,
  find: async (installation) => {
    try {
      const { files } = await loadPolicy(POLICY);
      return isUsers(installation) ? unreadable([POLICY_DIRECTORY, ...files]) : [];
    } catch (thrown) {
      if (!(thrown instanceof PolicyError)) throw thrown;
      return thrown.problems.map((problem) =>
        error(formatProblem(problem), `correct ${problem.file}: until then new logins are not ended`),
      );
    }
  },
};

/** A watchdog that runs as the user reads the policy as that user. */
function unreadable(paths: readonly string[]): Problem[] {
  return paths.flatMap((path) => {
    const stats = look(path);
    const needed = stats?.isDirectory() ? 0o005 : 0o004;
    if (stats === undefined || (stats.mode & needed) === needed) return [];
    return [
      error(
        `${path} cannot be read by users: their watchdogs need it`,
        `chmod o+r${stats.isDirectory() ? "x" : ""} ${path}`,
      ),
    ];
  });
}

export const ss: Check = {
  id: "ss",
  fine: "ss is installed, or the policy does not need it",
  find: async () => {
    if (!asksForSs(await loadPolicy(POLICY).catch(() => undefined))) return [];
    try {
      placeOfSs();
      return [];
    } catch (thrown) {
      return [problemOf(thrown, SS_REMEDY)];
    }
  },
};
