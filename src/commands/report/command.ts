import type { Command } from "commander";
import { matches } from "../../audit/filter.ts";
import type { Faults } from "../../console/audit-input.ts";
import { parseMoment } from "../../console/moment.ts";
import { say, sayJson } from "../../console/output.ts";
import { AUDIT, POLICY } from "../../system/paths.ts";

const EXAMPLES = `
A countdown is the series of notices that an idle login or terminal gets before its end. It is answered when the user, or work, comes back.

Examples:
  sudo afkill report --since 30d
  sudo afkill report --since 2026-12-01 --until 2027-01-01 --html december.html
  sudo afkill report --json | jq .totals.answeredShare
`;

interface Options {
  readonly since?: number;
  readonly until?: number;
  readonly json?: boolean;
  readonly html?: string;
}

/** Adds `afkill report`. */
export function addReport(program: Command): void {
  program
    .command("report")
    .summary("summarise the audit as text, JSON or an HTML page")
    .description(
      "Summarises the audit, including the files that logrotate has rotated: notices and endings by user and by reason, and idle times.",
    )
    .argument("[file]", "another audit file, such as a copy", AUDIT)
    .option("--since <time>", "only from this time on: a time, or how long ago (2h, 7d)", parseMoment)
    .option("--until <time>", "only before this time", parseMoment)
    .option("--json", "print JSON")
    .option("--html <file>", "write one page with charts, which needs no other file")
    .addHelpText("after", EXAMPLES)
    .action(act);
}

async function act(audit: string, { since, until, json = false, html }: Options): Promise<void> {
  const [{ readAudit }, { recordsOf }, { reportOf }, { gatherFacts }] = await Promise.all([
    import("../../audit/read.ts"),
    import("../../console/audit-input.ts"),
    import("./report.ts"),
    import("./facts.ts"),
  ]);
  const faults: Faults = { badLines: 0, badFiles: [] };
  const all = await Array.fromAsync(recordsOf(readAudit(audit, since), audit, faults));
  const report = reportOf(all.filter((record) => matches(record, { sinceMs: since, untilMs: until })));
  const facts = gatherFacts({ audit, sinceMs: since, untilMs: until, ...faults }, POLICY);
  if (html !== undefined) {
    const [{ pageOf }, { replaceFile }] = await Promise.all([
      import("./page.ts"),
      import("../../console/replace-file.ts"),
    ]);
    replaceFile(html, pageOf(report, facts), 0o640);
  }
  if (json) {
    const { reportJson } = await import("./json.ts");
    sayJson(reportJson(report, facts));
  } else if (html !== undefined) say(`written: ${html}`);
  else {
    const { reportLines } = await import("./text.ts");
    reportLines(report, facts, process.stdout.columns).forEach(say);
  }
}
