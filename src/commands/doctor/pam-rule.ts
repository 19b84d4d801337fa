// afkill's line in sshd's PAM service.
import { readFileSync } from "node:fs";
import { insertRule, PAM_RULE, type PamEntry, PamSyntaxError, parsePam } from "../../setup/pam-file.ts";
import { mustHavePamExec, serviceFile } from "../../setup/pam-service.ts";
import { readService } from "../../setup/pam-stack.ts";
import { type Check, error, orProblem, type Problem } from "./finding.ts";
import { isRoots } from "./installation.ts";

const REMEDY = "sudo afkill install --hook pam corrects the line";

export const pamRule: Check = {
  id: "pam-rule",
  concerns: isRoots,
  fine: "afkill's line is the first session rule of sshd's PAM service, is optional, and runs only when a session opens",
  find: () =>
    orProblem(() => {
      mustHavePamExec();
      const path = serviceFile();
      return wrongIn(path, readFileSync(path, "latin1"), readService);
    }, REMEDY),
};

/** What is wrong with afkill's line in the text of a service file. `read` returns the text of an included one. */
export function wrongIn(path: string, text: string, read: (name: string) => string): Problem[] {
  try {
    const [ours, ...more] = parsePam(text).filter(isOurs);
    if (ours === undefined) return [error(`${path} has no line of afkill: no login is guarded`, REMEDY)];
    const where = `${path}:${ours.line}`;
    const others = more.map(({ line }) =>
      error(`${path}:${line}: afkill's line is here a second time`, REMEDY),
    );
    const wrong = wrongWith(ours).map((what) => error(`${where}: ${what}`, REMEDY));
    if (wrong.length + others.length > 0 || insertRule(text, read) === text) return [...wrong, ...others];
    return [
      error(
        `${where}: a session rule comes before afkill's line and can put a user's values into the environment`,
        REMEDY,
      ),
    ];
  } catch (thrown) {
    if (!(thrown instanceof PamSyntaxError)) throw thrown;
    return [
      error(
        `${path}:${thrown.line} cannot be understood: ${thrown.message}`,
        `correct it, then run sudo afkill install --hook pam`,
      ),
    ];
  }
}

function isOurs({ type, args }: PamEntry): boolean {
  return type === "session" && args.includes("/usr/lib/afkill/session");
}

const [EXPECTED] = parsePam(PAM_RULE);

function wrongWith(entry: PamEntry): string[] {
  const { control, module, args } = entry;
  const wrong = [];
  if (control !== "optional")
    wrong.push(`afkill's line is "${control}": if its program fails, the login may be refused`);
  if (!args.includes("type=open_session"))
    wrong.push(
      "afkill's line also runs when a session closes: then a user's environment reaches a program that runs as root",
    );
  if (
    wrong.length === 0 &&
    [module, ...args].join(" ") !== [EXPECTED?.module, ...(EXPECTED?.args ?? [])].join(" ")
  )
    wrong.push(`afkill's line is wrong, expected: ${PAM_RULE}`);
  return wrong;
}
