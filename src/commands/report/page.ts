// The report as one page that needs no other file, no network and no script.
import { localTime } from "../../text/local-time.ts";
import { type Chart, draw } from "./chart.ts";
import type { Facts, PolicyEvidence } from "./facts.ts";
import { binLabel, filledOf } from "./histogram.ts";
import { html, type Markup, trusted } from "./markup.ts";
import { answeredText, counted, lockedText, periodText, reasonText } from "./phrases.ts";
import type { Report } from "./report.ts";
import { STYLE } from "./style.ts";

/** More users than these make no chart; the table has them all. */
const MOST_BARS = 12;

/** The whole page. */
export function pageOf(report: Report, facts: Facts): string {
  const title = `afkill report of ${facts.host}`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="afkill ${facts.version}">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="faint">Idle SSH logins, ${periodText(facts)}</p>
</header>
<main>
${warnings(facts)}
${tiles(report)}
${reasons(report)}
${users(report)}
${idleTimes(report)}
</main>
${about(report, facts)}
</body>
</html>
`.markup;
}

function warnings({ badLines, badFiles }: Facts): Markup[] {
  return [
    ...(badLines > 0
      ? [
          html`<p class="warning">${counted(badLines, "line")} of the audit could not be read and is not counted.</p>`,
        ]
      : []),
    ...badFiles.map(
      (file) => html`<p class="warning"><code>${file}</code> could not be read to its end.</p>`,
    ),
  ];
}

function tiles(report: Report): Markup {
  const { totals } = report;
  const share = totals.answeredShare === null ? "–" : `${Math.round(totals.answeredShare * 100)} %`;
  return html`<dl class="tiles">
<div><dt>Notices given</dt><dd>${totals.noticesGiven}</dd><dd>in ${counted(totals.countdowns, "countdown")}; ${totals.noticesNotGiven} could not be given</dd></div>
<div><dt>Answered</dt><dd>${share}</dd><dd>${answeredText(report).replace(/ \(.*/, "")} countdowns</dd></div>
${lockedTile(report)}<div><dt>Ended</dt><dd>${totals.ended}</dd><dd>${counted(totals.loginsEnded, "login")}, ${counted(totals.terminalsEnded, "terminal")} of logins that stayed</dd></div>
<div><dt>Failed endings</dt><dd>${totals.failedTries}</dd><dd>each try is counted</dd></div>
</dl>`;
}

/** Only where something was locked. */
function lockedTile(report: Report): Markup[] {
  const text = lockedText(report);
  if (text === undefined) return [];
  return [html`<div><dt>Locked</dt><dd>${report.totals.locked}</dd><dd>${text}</dd></div>\n`];
}

function reasons({ byReason, totals }: Report): Markup {
  const labels = byReason.map(({ reason }) => reasonText(reason));
  return section(
    "Why logins were warned and ended",
    "The policy's limit that was reached, or the administrator who asked for it.",
    {
      id: "reasons",
      title: "Endings by reason",
      description: `Bars for ${labels.join(", ")}; the table has the numbers.`,
      labels,
      series: [
        { name: "ended", colour: "--ended", values: byReason.map(({ ended }) => ended) },
        ...(totals.failedTries > 0
          ? [
              {
                name: "failed tries",
                colour: "--failed",
                values: byReason.map(({ failedTries }) => failedTries),
              },
            ]
          : []),
      ],
    },
    tableOf(
      ["Reason", "Notices", "Ended", "Failed"],
      byReason.map((it) => [reasonText(it.reason), it.noticesGiven, it.ended, it.failedTries]),
    ),
  );
}

function users({ byUser }: Report): Markup {
  const shown = byUser.slice(0, MOST_BARS);
  const all = shown.length === byUser.length;
  return section(
    "Users",
    all
      ? "Those with the most endings first."
      : `The chart shows the ${MOST_BARS} with the most endings of ${byUser.length}.`,
    {
      id: "users",
      title: "Answered countdowns and endings by user",
      description: `Bars for ${counted(shown.length, "user")}, those with the most endings first; the table has the numbers.`,
      labels: shown.map(({ user }) => user),
      series: [
        { name: "answered", colour: "--answered", values: shown.map(({ answered }) => answered) },
        { name: "ended", colour: "--ended", values: shown.map(({ ended }) => ended) },
      ],
    },
    tableOf(
      ["User", "Notices", "Answered", "Ended", "Failed"],
      byUser.map((it) => [
        it.user,
        it.noticesGiven,
        `${it.answered} of ${it.countdowns}`,
        it.ended,
        it.failedTries,
      ]),
    ),
  );
}

function idleTimes(report: Report): Markup {
  const bins = filledOf(report.idleTimes);
  const labels = bins.map((bin) => binLabel(bin, "–"));
  return section(
    "Idle times",
    "How long the login had been idle when the user came back after a notice, and when the login was ended.",
    {
      id: "idle",
      title: "Idle times at a return and at an ending",
      description: `A histogram of ${counted(bins.length, "step")}; the table has the numbers.`,
      labels,
      series: [
        { name: "came back", colour: "--answered", values: bins.map(({ atReturn }) => atReturn) },
        { name: "ended", colour: "--ended", values: bins.map(({ atEnding }) => atEnding) },
      ],
    },
    tableOf(
      ["Idle for", "Came back", "Ended"],
      bins.map((bin, at) => [labels[at] ?? "", bin.atReturn, bin.atEnding]),
    ),
  );
}

function section(title: string, lead: string, chart: Chart, table: Markup): Markup {
  if (chart.labels.length === 0)
    return html`<section><h2>${title}</h2><p class="faint">Nothing in this period.</p></section>`;
  return html`<section>
<h2>${title}</h2>
<p class="faint">${lead}</p>
<div class="pair">
${draw(chart)}
${table}
</div>
</section>`;
}

function tableOf(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): Markup {
  return html`<table>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cellOf)}</tr>\n`)}</tbody>
</table>`;
}

function cellOf(cell: string | number, at: number): Markup {
  return at === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`;
}

function about({ firstRecord, lastRecord, records }: Report, facts: Facts): Markup {
  const time = (text: string | null) => localTime(Date.parse(text ?? ""));
  const range = records === 0 ? "none" : `${records}, from ${time(firstRecord)} to ${time(lastRecord)}`;
  const policy = facts.policyFiles.map(
    (evidence) => html`<dt>Policy file</dt><dd>${evidenceOf(evidence)}</dd>\n`,
  );
  return html`<footer>
<h2>About this report</h2>
<dl class="about">
<dt>Host</dt><dd>${facts.host}</dd>
<dt>Period</dt><dd>${periodText(facts)}</dd>
<dt>Audit</dt><dd><code>${facts.audit}</code>, and its rotated files</dd>
<dt>Records</dt><dd>${range}</dd>
${policy}<dt>Generated</dt><dd>${localTime(facts.generatedMs)} by afkill ${facts.version}</dd>
</dl>
<p class="faint">A countdown is the series of notices that an idle login or terminal gets before its end. It is answered when the user, or
work, comes back. The policy files are those of the host when the report was made, with the SHA-256 of their text.</p>
</footer>`;
}

function evidenceOf(evidence: PolicyEvidence): Markup {
  if ("refusal" in evidence) return html`<code>${evidence.file}</code>: ${evidence.refusal}`;
  return html`<code>${evidence.file}</code><br><code class="faint">${evidence.sha256}</code>`;
}
