import type { Command } from "commander";
import { mustBeRoot, printable, say, sayJson } from "../console/output.ts";
import { POLICY } from "../system/paths.ts";

const EXAMPLES = `
A user unlocks their own terminals from a second login, which must have begun after the lock, over a new connection. Without a name it
unlocks all of them. This is the way for users who have keys and no password.

An administrator unlocks terminals of others, as root. A login is named by its terminal (pts/3), by the pid of one of its sshds, or by its
user: then all its locked terminals are unlocked. The audit records who did it.

The exit status is 0 if each terminal was unlocked, else 1.

Examples:
  afkill unlock
  afkill unlock pts/3
  sudo afkill unlock alice
`;

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `afkill unlock`. */
export function addUnlock(program: Command): void {
  program
    .command("unlock")
    .summary("unlock a terminal without its password")
    .description("Unlocks your own locked terminals from a second login, or as root those of other logins.")
    .argument("[login...]", "a terminal; as root also the pid of a login's sshd, or a user")
    .option("--json", "print JSON")
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", EXAMPLES)
    .action(async (names: string[], { config, json = false }: Options) => {
      const isRoot = process.geteuid?.() === 0;
      await (isRoot && names.length > 0 ? unlockNamed(names, config, json) : unlockOwn(names, json));
    });
}

async function unlockOwn(names: readonly string[], json: boolean): Promise<void> {
  const [{ doorNumbers }, { knock, NOT_YOURS }] = await Promise.all([
    import("../lock/doors.ts"),
    import("../lock/door.ts"),
  ]);
  const numbers = names.length > 0 ? names.map(numberOf) : doorNumbers();
  const knocked = await Promise.all(
    numbers.map(async (number) => ({ terminal: `pts/${number}`, ...(await knock(number)) })),
  );
  // Without a name, what others have locked is not asked for.
  const rows = names.length > 0 ? knocked : knocked.filter(({ answer }) => answer !== NOT_YOURS);
  if (rows.length === 0)
    throw new Error(
      "no terminal of yours is locked; to unlock that of another user, name it as root: sudo afkill unlock pts/3",
    );
  if (rows.some(({ unlocked }) => !unlocked)) process.exitCode = 1;
  if (json) return sayJson(rows.map(({ answer, ...row }) => ({ ...row, outcome: answer })));
  for (const { terminal, unlocked, answer } of rows)
    say(`${terminal}: ${unlocked ? "unlocked" : `not unlocked: ${printable(answer.replace(/^no: /, ""))}`}`);
}

/** N of a terminal that a user names: `pts/N`. */
function numberOf(name: string): number {
  const number = /^(?:\/dev\/)?pts\/(\d{1,7})$/.exec(name)?.[1];
  if (number === undefined) mustBeRoot(`unlock ${name}`, "you can unlock your own terminals, such as pts/3");
  return Number(number);
}

async function unlockNamed(names: readonly string[], configPath: string, json: boolean): Promise<void> {
  const [
    { survey },
    { namedLogins },
    { administratorOf, terminalsMeant },
    { unlockTerminals },
    { userInfo },
  ] = await Promise.all([
    import("../survey/survey.ts"),
    import("../administer/named.ts"),
    import("../administer/choose.ts"),
    import("../administer/lock.ts"),
    import("node:os"),
  ]);
  const by = administratorOf(process.env.SUDO_USER, userInfo().username);
  const chosen = namedLogins(names, await survey({ configPath }));
  const changes = (
    await Promise.all(chosen.map((it) => unlockTerminals(it, terminalsMeant(names, it), by)))
  ).flat();
  if (changes.some(({ done }) => !done)) process.exitCode = 1;
  if (json) return sayJson(changes.map(({ done, ...row }) => ({ ...row, unlocked: done })));
  for (const { user, sshdPid, terminal, outcome } of changes)
    say(`${terminal ?? `sshd ${sshdPid}`} of ${printable(user)}: ${printable(outcome)}`);
}
