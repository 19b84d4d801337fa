import { printable, styled } from "../../console/output.ts";
import { tableOf } from "../../console/table.ts";
import { localTime } from "../../text/local-time.ts";
import type { Facts, PolicyEvidence } from "./facts.ts";
import { type Bin, binLabel, filledOf } from "./histogram.ts";
import { answeredText, counted, lockedText, periodText, reasonText } from "./phrases.ts";
import type { Report } from "./report.ts";

const LONGEST_BAR = 30;

/** A report for people. `columns`: the width of the terminal, `undefined` for none. */
export function reportLines(report: Report, facts: Facts, columns: number | undefined): string[] {
  const { totals, byReason, byUser, idleTimes } = report;
  const locked = lockedText(report);
  const table = (headings: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
    tableOf(
      headings,
      rows.map((row) => row.map((cell, at) => cellText(cell, headings[at] ?? ""))),
      columns,
    );
  return [
    ...headLines(report, facts),
    "",
    `Notices given    ${totals.noticesGiven}, in ${counted(totals.countdowns, "countdown")}; ${totals.noticesNotGiven} could not be given`,
    `Answered         ${answeredText(report)}`,
    ...(locked === undefined ? [] : [`Locked           ${locked}`]),
    `Ended            ${counted(totals.loginsEnded, "login")}, ${counted(totals.terminalsEnded, "terminal")} of logins that stayed`,
    `Failed endings   ${totals.failedTries}, each try is counted`,
    ...section("By reason", byReason, () =>
      table(
        ["REASON", "NOTICES", "ENDED", "FAILED"],
        byReason.map((it) => [reasonText(it.reason), it.noticesGiven, it.ended, it.failedTries]),
      ),
    ),
    ...section("By user", byUser, () =>
      table(
        ["USER", "NOTICES", "COUNTDOWNS", "ANSWERED", "ENDED", "FAILED"],
        byUser.map((it) => [
          printable(it.user),
          it.noticesGiven,
          it.countdowns,
          it.answered,
          it.ended,
          it.failedTries,
        ]),
      ),
    ),
    ...section("Idle time when they came back after a notice", filledOf(idleTimes), (bins) =>
      barsOf(bins, ({ atReturn }) => atReturn),
    ),
    ...section("Idle time when they were ended", filledOf(idleTimes), (bins) =>
      barsOf(bins, ({ atEnding }) => atEnding),
    ),
  ];
}

function headLines(report: Report, facts: Facts): string[] {
  const { firstRecord, lastRecord, records } = report;
  const time = (text: string | null) => (text === null ? "" : localTime(Date.parse(text)));
  const lines = [
    ["Host", facts.host],
    ["Period", periodText(facts)],
    ["Audit", facts.audit],
    ["Records", records === 0 ? "none" : `${records}, from ${time(firstRecord)} to ${time(lastRecord)}`],
    ...(facts.badLines > 0 ? [["Left out", counted(facts.badLines, "line")]] : []),
    ...facts.badFiles.map((file) => ["Incomplete", file]),
    ...facts.policyFiles.map((it) => ["Policy", evidenceText(it)]),
    ["Generated", `${localTime(facts.generatedMs)} by afkill ${facts.version}`],
  ];
  return lines.map(([name = "", value = ""]) => `${name.padEnd(17)}${printable(value)}`);
}

function evidenceText(evidence: PolicyEvidence): string {
  return "sha256" in evidence
    ? `${evidence.file} sha256:${evidence.sha256}`
    : `${evidence.file}: ${evidence.refusal}`;
}

function section<Item>(
  title: string,
  items: readonly Item[],
  body: (items: readonly Item[]) => string,
): string[] {
  return ["", styled("bold", title), items.length === 0 ? "none" : body(items)];
}

function cellText(cell: string | number, heading: string): string {
  return typeof cell === "number" ? String(cell).padStart(heading.length) : cell;
}

function barsOf(bins: readonly Bin[], countOf: (bin: Bin) => number): string {
  const labels = bins.map((bin) => binLabel(bin, "-"));
  const widest = Math.max(...labels.map(({ length }) => length));
  const most = Math.max(1, ...bins.map(countOf));
  return bins
    .map((bin, at) => {
      const count = countOf(bin);
      // At least one `#`: a rare value must not look like zero.
      const bar = "#".repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * LONGEST_BAR)));
      return `${(labels[at] ?? "").padEnd(widest)}  ${String(count).padStart(String(most).length)} ${bar}`.trimEnd();
    })
    .join("\n");
}
