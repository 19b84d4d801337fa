import { type Command, InvalidArgumentError } from "commander";
import { durationValue } from "../console/option-values.ts";
import { mustBeRoot, printable, say, sayJson } from "../console/output.ts";
import { POLICY } from "../system/paths.ts";

const EXAMPLES = `
A login is named by its terminal (pts/3), by the pid of one of its sshds, or by its user, which means all logins of that user.

Examples:
  sudo afkill end pts/3
  sudo afkill end --notice 30s --message "maintenance" alice bob
  sudo afkill end --yes --json 4711
`;

/** A longer notice is a mistake, because the command waits until it is over. */
const LONGEST_NOTICE_MS = 24 * 3_600_000;

interface Options {
  readonly config: string;
  readonly yes?: boolean;
  readonly self?: boolean;
  readonly notice?: number;
  readonly message?: string;
  readonly json?: boolean;
}

/** Adds `afkill end`. */
export function addEnd(program: Command): void {
  program
    .command("end")
    .alias("kill")
    .summary("end logins now, and make sure that they are gone")
    .description(
      "Ends logins as their watchdogs do, with a last line on the terminal and a record in the audit.",
    )
    .argument("<login...>", "a terminal, the pid of a login's sshd, or a user")
    .option("--yes", "do not ask")
    .option("--self", "end your own login, too")
    .option("--notice <duration>", "warn the users first, and wait this long", noticeValue)
    .option("--message <text>", "a line of your own for the notice")
    .option("--json", "print JSON")
    .option("--config <file>", "the policy", POLICY)
    .addHelpText("after", EXAMPLES)
    .action(act);
}

function noticeValue(text: string): number {
  const ms = durationValue(text);
  if (ms > LONGEST_NOTICE_MS) throw new InvalidArgumentError("expected at most 24h");
  return ms;
}

async function act(names: string[], options: Options, command: Command): Promise<void> {
  const { config, yes = false, self = false, notice = 0, message = "", json = false } = options;
  const mayAsk = process.stdin.isTTY && process.stdout.isTTY;
  if (!yes && !mayAsk) command.error("error: there is no terminal to ask on: add --yes");
  if (message !== "" && notice === 0)
    command.error("error: --message is part of the notice: add --notice <duration>");
  mustBeRoot("end", "it ends logins of other users");
  const [
    { survey },
    { rowOf },
    { tableOfLogins },
    { administratorOf },
    { endOne, warnLogin },
    { namedLogins },
  ] = await Promise.all([
    import("../survey/survey.ts"),
    import("../survey/rows.ts"),
    import("../console/list-text.ts"),
    import("../administer/choose.ts"),
    import("../administer/end.ts"),
    import("../administer/named.ts"),
  ]);
  const chosen = namedLogins(names, await survey({ configPath: config }));
  if (!self && chosen.some(({ isOwn }) => isOwn))
    throw new Error("your own login is among them, nothing was ended; add --self to end it, too");
  const columns = process.stdout.isTTY ? process.stdout.columns : undefined;
  if (!json || !yes) say(await tableOfLogins(chosen.map(rowOf), columns));
  if (!yes && !(await isAgreed(chosen.length))) {
    say("nothing was ended");
    process.exitCode = 1;
    return;
  }
  const { userInfo } = await import("node:os");
  const reason = `ended by ${administratorOf(process.env.SUDO_USER, userInfo().username)}`;
  if (self) outliveOwnLogin();
  if (notice > 0) {
    const { setTimeout: sleep } = await import("node:timers/promises");
    await Promise.all(chosen.map((it) => warnLogin(it, { closesInMs: notice, message, reason })));
    await sleep(notice);
  }
  // Our own login last: this program talks through it.
  const others = await Promise.all(chosen.filter(({ isOwn }) => !isOwn).map((it) => endOne(it, reason)));
  const own = await Promise.all(chosen.filter(({ isOwn }) => isOwn).map((it) => endOne(it, reason)));
  const outcomes = [...others, ...own];
  if (outcomes.some(({ ended }) => !ended)) process.exitCode = 1;
  if (json) return sayJson(outcomes);
  for (const { user, sshdPid, ended, steps } of outcomes) {
    const what = `login of ${printable(user)} (sshd ${sshdPid})`;
    say(ended ? `${what}: gone` : `${what}: STILL THERE: ${printable(steps.join("; "))}`);
  }
}

async function isAgreed(count: number): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // The end of input is no answer, and means no.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const question = `End ${count === 1 ? "this login" : `these ${count} logins`}? [y/N] `;
  const answer = await Promise.race([terminal.question(question), closed]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** The hang-up of our own terminal must not stop us before the end is proved and recorded. */
function outliveOwnLogin(): void {
  for (const signal of ["SIGHUP", "SIGTERM"] as const) process.on(signal, () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
