import { type Command, Option } from "commander";
import { type Filter, matches, OUTCOMES, type OutcomeWord } from "../../audit/filter.ts";
import { ACTIONS, type Action } from "../../audit/words.ts";
import { parseMoment } from "../../console/moment.ts";
import { say } from "../../console/output.ts";
import { AUDIT } from "../../system/paths.ts";

const EXAMPLES = `
Actions:
  notice        a user was warned
  stay          the user, or work, came back; or the policy no longer ends the login; or somebody asked for it
  lock          a terminal was locked, or should have been
  wrong-answer  somebody gave a wrong answer at a locked terminal
  unlock        a terminal was unlocked: the reason says how
  hang-up       one of several terminals was ended
  end           a login was ended
  fault         something else went wrong

Outcomes:
  ended      hang-up, end: all that had to end is gone
  failed     hang-up, end: something is still there; lock: it did not lock
  given      notice: it reached the terminal
  not-given  notice: there was no terminal, or the terminal accepted no output
  kept       stay: the login goes on
  locked     lock: its user must prove who they are
  unlocked   unlock: its programs go on
  refused    wrong-answer: it stays locked

Examples:
  sudo afkill log --since 7d --action end
  sudo afkill log --user alice --since 2026-12-01 --until 2027-01-01
  sudo afkill log --outcome failed --json | jq .reason
  sudo afkill log --since 1h --follow
`;

interface Options {
  readonly user?: string;
  readonly since?: number;
  readonly until?: number;
  readonly action?: Action;
  readonly outcome?: OutcomeWord;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** Adds `afkill log`. */
export function addLog(program: Command): void {
  program
    .command("log")
    .summary("read the audit: who was warned, who stayed, who was ended")
    .description(
      "Prints the records of the audit, oldest first, one line for each, including the files that logrotate has rotated.",
    )
    .argument("[file]", "another audit file, such as a copy", AUDIT)
    .option("--user <user>", "only records of this user's logins")
    .option("--since <time>", "only from this time on: a time, or how long ago (2h, 7d)", parseMoment)
    .addOption(
      new Option("--until <time>", "only before this time").argParser(parseMoment).conflicts("follow"),
    )
    .addOption(new Option("--action <action>", "only records with this action").choices(ACTIONS))
    .addOption(new Option("--outcome <outcome>", "only records with this outcome").choices(OUTCOMES))
    .option("--follow", "wait for new records and print them, until interrupted")
    .option("--json", "print the records as they are: JSON, one a line")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(file: string, options: Options): Promise<void> {
  const [{ readAudit, followAudit }, { recordsOf }, { recordLine }, { fileLine }] = await Promise.all([
    import("../../audit/read.ts"),
    import("../../console/audit-input.ts"),
    import("./text.ts"),
    import("../../audit/lines.ts"),
  ]);
  const { since, until, user, action, outcome, follow = false, json = false } = options;
  const filter: Filter = { user, action, outcome, sinceMs: since, untilMs: until };
  const stopped = new AbortController();
  // The reader has closed the pipe and wants no more.
  process.stdout.once("error", () => stopped.abort());
  const readings = follow ? followAudit(file, stopped.signal, since) : readAudit(file, since);
  for await (const record of recordsOf(readings, file)) {
    if (stopped.signal.aborted) break;
    if (matches(record, filter)) say(json ? fileLine(record).trimEnd() : recordLine(record));
  }
}
