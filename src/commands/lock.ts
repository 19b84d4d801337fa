import type { Command } from "commander";
import { mustBeRoot, printable, say, sayJson } from "../console/output.ts";
import { POLICY } from "../system/paths.ts";

const EXAMPLES = `
Without a name it locks the terminal in which you type it, until you unlock it with your password. Your programs are stopped meanwhile, and
nothing of them is lost. Root's watchdog locks, so this needs the hook pam; until it does, the terminal is covered.

With names an administrator locks terminals of others, as root. A login is named by its terminal (pts/3), by the pid of one of its sshds,
or by its user: then all its terminals are locked.

The exit status is 0 if each terminal was locked, else 1. afkill unlock unlocks.

Examples:
  afkill lock
  sudo afkill lock pts/3
  sudo afkill lock --json alice
`;

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** Adds `afkill lock`. */
export function addLock(program: Command): void {
  program
    .command("lock")
    .summary("lock a terminal until its user gives the password")
    .description(
      "Locks the terminal in which it runs, or as root those of other logins, until the user proves who they are.",
    )
    .argument("[login...]", "a terminal, the pid of a login's sshd, or a user")
    .option("--json", "print JSON")
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", EXAMPLES)
    .action(async (names: string[], { config, json = false }: Options) => {
      await (names.length === 0 ? lockOwn(json) : lockNamed(names, config, json));
    });
}

async function lockOwn(json: boolean): Promise<void> {
  const [
    { ownTerminal },
    { mustBeLockable },
    { askForLock },
    { coverTerminal },
    { untilUnlocked },
    { lockSign },
  ] = await Promise.all([
    import("../lock/own-terminal.ts"),
    import("../lock/lockable.ts"),
    import("../administer/ask-own.ts"),
    import("../lock/cover.ts"),
    import("../lock/wait.ts"),
    import("../lock/lock-sign.ts"),
  ]);
  const own = await ownTerminal();
  mustBeLockable();
  const isLocked = lockSign(`/dev/${own.terminal}`);
  const cover = coverTerminal(["This terminal locks. Please wait."]);
  let asked: ReturnType<typeof askForLock> | undefined;
  let end: Awaited<ReturnType<typeof untilUnlocked>>;
  try {
    asked = askForLock(own);
    end = await untilUnlocked(asked.isPending, isLocked);
  } finally {
    asked?.takeBack();
    cover[Symbol.dispose]();
  }
  if (end === "unseen")
    throw new Error(
      "not locked: the watchdog of this login has not answered; it may be of an older afkill: log in anew, or see afkill doctor",
    );
  if (end === "refused")
    throw new Error("not locked: the watchdog could not lock it; sudo afkill log says why");
  if (json) sayJson([{ terminal: own.terminal, locked: true }]);
  else say(`${own.terminal} was locked, and is unlocked`);
}

async function lockNamed(names: readonly string[], configPath: string, json: boolean): Promise<void> {
  mustBeRoot("lock LOGIN", "it locks terminals of other users");
  const [{ survey }, { namedLogins }, { administratorOf, terminalsMeant }, { lockTerminals }, { userInfo }] =
    await Promise.all([
      import("../survey/survey.ts"),
      import("../administer/named.ts"),
      import("../administer/choose.ts"),
      import("../administer/lock.ts"),
      import("node:os"),
    ]);
  const chosen = namedLogins(names, await survey({ configPath }));
  if (chosen.some(({ isOwn }) => isOwn))
    throw new Error("your own login is among them, nothing was locked; lock this terminal with: afkill lock");
  const by = administratorOf(process.env.SUDO_USER, userInfo().username);
  const changes = (
    await Promise.all(chosen.map((it) => lockTerminals(it, terminalsMeant(names, it), by)))
  ).flat();
  if (changes.some(({ done }) => !done)) process.exitCode = 1;
  if (json) return sayJson(changes.map(({ done, ...row }) => ({ ...row, locked: done })));
  for (const { user, sshdPid, terminal, outcome } of changes)
    say(`${terminal ?? `sshd ${sshdPid}`} of ${printable(user)}: ${printable(outcome)}`);
}
