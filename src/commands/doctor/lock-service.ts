// Whether a locked terminal can ask PAM: without its service nobody could unlock it with a password.
import { existsSync } from "node:fs";
import { loadPolicy } from "../../policy/load.ts";
import { isForHost } from "../../policy/match.ts";
import type { Policy } from "../../policy/policy.ts";
import { textOf, understood } from "../../setup/pam-service.ts";
import { pathOf, readService, rulesOf } from "../../setup/pam-stack.ts";
import { hostNames } from "../../system/host-names.ts";
import { LOCK_SERVICE, LOCK_SERVICE_FILE, POLICY } from "../../system/paths.ts";
import { type Check, error, orProblem, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

const REMEDY = `make ${LOCK_SERVICE_FILE} with two lines, on Debian: auth include common-auth, account include common-account; elsewhere: auth include password-auth, account include password-auth`;

export const lockService: Check = {
  id: "lock-service",
  concerns: isRoots,
  fine: "a locked terminal can ask PAM, or the policy locks none",
  find: async () => {
    const policy = await loadPolicy(POLICY).catch(() => undefined);
    // Another check reports what is wrong with the policy.
    return policy !== undefined && locks(policy) ? orProblem(wrongWithService, REMEDY) : [];
  },
};

/** Whether a policy locks anybody's terminal on this host. */
export function locks({ base, rules }: Policy): boolean {
  const hosts = hostNames();
  const own = rules.filter(({ match }) => isForHost(match.hosts, hosts));
  return [base, ...own.map(({ limits }) => limits)].some(({ atLimit }) => atLimit === "lock");
}

function wrongWithService(): Problem[] {
  const file = pathOf(LOCK_SERVICE);
  if (!existsSync(file))
    return [error(`there is no ${LOCK_SERVICE_FILE}: no password unlocks a locked terminal`, REMEDY)];
  return understood(file, () => wrongIn(file, textOf(file), readService));
}

/** Where a service has no rule of a type, PAM takes those of the service `other`. Throws if a file cannot be read or understood. */
export function wrongIn(file: string, text: string, read: (name: string) => string): Problem[] {
  return ["auth", "account"]
    .filter((type) => rulesOf(type, { file, text }, read).length === 0)
    .map((type) =>
      error(`${file} has no ${type} rule: PAM decides by its service "other" who unlocks a terminal`, REMEDY),
    );
}
