// Whether the policy can be used, and whether the host has what it needs.

import { mustTellOfConnections } from "../../activity/connections.ts";
import { look } from "../../change/change.ts";
import { loadPolicy } from "../../policy/load.ts";
import { formatProblem, PolicyError } from "../../policy/problems.ts";
import { asksForConnections, CONNECTIONS_REMEDY } from "../../setup/connections.ts";
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

export const connections: Check = {
  id: "connections",
  fine: "the kernel tells what moves through connections, or the policy does not need it",
  find: async () => {
    if (!asksForConnections(await loadPolicy(POLICY).catch(() => undefined))) return [];
    try {
      await mustTellOfConnections();
      return [];
    } catch (thrown) {
      return [problemOf(thrown, CONNECTIONS_REMEDY)];
    }
  },
};
