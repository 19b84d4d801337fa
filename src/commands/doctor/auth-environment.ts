// Whether a user's own environment reaches root's programs.
import { readFileSync } from "node:fs";
import { serviceFile } from "../../setup/pam-service.ts";
import { readService, rulesOf } from "../../setup/pam-stack.ts";
import { type Check, error, orProblem, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

/**
 * With `user_readenv=1` pam_env reads ~/.pam_environment (pam_env(8)). In the session stack pam_env comes after afkill's line. In the
 * auth stack it comes before, and only the set-group-ID launcher then protects root from a user's LD_PRELOAD.
 */
export const authEnvironment: Check = {
  id: "auth-environment",
  concerns: isRoots,
  fine: "sshd's PAM auth rules do not read a user's environment",
  find: () =>
    orProblem(() => {
      const path = serviceFile();
      return readersIn(path, readFileSync(path, "latin1"), readService);
    }, "correct sshd's PAM files, then run afkill doctor again"),
};

/** The auth rules that read a user's environment. `read` returns the text of an included file. */
export function readersIn(path: string, text: string, read: (name: string) => string): Problem[] {
  return rulesOf("auth", { file: path, text }, read)
    .filter(({ module, args }) => /(^|\/)pam_env(\.so)?$/.test(module) && args.some(isReader))
    .map(({ file, line }) =>
      error(
        `${file}:${line}: pam_env reads ~/.pam_environment during authentication: a user's LD_PRELOAD can reach root's programs`,
        `remove user_readenv=1 from ${file}:${line}`,
      ),
    );
}

/** Any number but 0 turns it on. An argument may be in brackets (pam.d(5)). */
function isReader(arg: string): boolean {
  const value = /^\[?user_readenv=\s*([-+]?\d+)/.exec(arg)?.[1];
  return value !== undefined && Number(value) !== 0;
}
