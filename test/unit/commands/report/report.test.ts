import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draw } from "../../../../src/commands/report/chart.ts";
import { countdownsOf } from "../../../../src/commands/report/countdowns.ts";
import type { Facts } from "../../../../src/commands/report/facts.ts";
import { binLabel, filledOf, histogramOf } from "../../../../src/commands/report/histogram.ts";
import { reportJson } from "../../../../src/commands/report/json.ts";
import { escapeHtml, html } from "../../../../src/commands/report/markup.ts";
import { pageOf } from "../../../../src/commands/report/page.ts";
import { reportOf } from "../../../../src/commands/report/report.ts";
import { reportLines } from "../../../../src/commands/report/text.ts";
import { replaceFile } from "../../../../src/console/replace-file.ts";
import { end, lock, notice, recordAt, stay, unlock, wrongAnswer } from "../../../support/records.ts";

const facts: Facts = {
  host: "bastion",
  version: "1.2.3",
  audit: "/var/log/afkill/audit.jsonl",
  sinceMs: Date.UTC(2026, 0, 1),
  untilMs: undefined,
  generatedMs: Date.UTC(2026, 1, 1),
  badLines: 2,
  badFiles: ["/var/log/afkill/audit.jsonl.9.gz"],
  policyFiles: [
    { file: "/etc/afkill/afkill.toml", sha256: "ab".repeat(32) },
    { file: "/etc/afkill/afkill.d/10-x.toml", refusal: "expected a regular file" },
  ],
};

const records = [
  // Answered a minute after the second notice, which came 4 minutes after the first.
  notice(0),
  notice(240, { idleSeconds: 840 }),
  stay(300),
  // Nobody came back.
  notice(1000),
  end(1300),
  // One terminal of another login; the login itself could at first not be ended.
  notice(2000, { user: "bob", sshdPid: 21 }),
  end(2300, { user: "bob", sshdPid: 21, action: "hang-up" }),
  end(2400, { user: "bob", sshdPid: 21, ended: false }),
  end(2410, { user: "bob", sshdPid: 21 }),
  // Too old, and a notice that reached nobody.
  notice(3000, { user: "carol", sshdPid: 31, cause: "max_login", idleSeconds: 3 }),
  notice(3000, { user: "dave", sshdPid: 41, outcome: "not given: no terminal to write to" }),
  end(3300, { user: "carol", sshdPid: 31, cause: "max_login", idleSeconds: 20 }),
  end(4000, { user: "dave", sshdPid: 41, cause: "administrator", idleSeconds: 7200 }),
];

test("notices that belong together make one countdown, which an answer closes", () => {
  expect(countdownsOf(records)).toEqual([
    { user: "alice", answeredAfterSeconds: 899 },
    { user: "alice", answeredAfterSeconds: null },
    { user: "bob", answeredAfterSeconds: null },
  ]);
});

test("a stay is an answer only to a notice about the same login, and only if somebody or work came back", () => {
  const answered = (...them: Parameters<typeof countdownsOf>[0][number][]) =>
    countdownsOf(them).map(({ answeredAfterSeconds }) => answeredAfterSeconds !== null);
  expect(answered(notice(0), stay(60))).toEqual([true]);
  expect(answered(notice(0), stay(60, { cause: "user" }))).toEqual([true]);
  expect(answered(notice(0), stay(60, { cause: "policy" }))).toEqual([false]);
  expect(answered(notice(0), stay(60, { cause: "administrator" }))).toEqual([false]);
  expect(answered(notice(0), stay(60, { cause: "policy" }), stay(70))).toEqual([false]);
  expect(answered(notice(0), stay(60, { sshdPid: 12 }))).toEqual([false]);
  expect(answered(notice(0), stay(60, { terminals: ["pts/4"] }))).toEqual([false]);
  expect(answered(notice(0), end(60), stay(70))).toEqual([false]);
  expect(answered(notice(0), lock(60), stay(70))).toEqual([false]);
  expect(answered(stay(60))).toEqual([]);
  // The user logged out, and a later login has the same pid and terminal.
  expect(answered(notice(0, { idleSeconds: 840 }), notice(9000, { idleSeconds: 600 }), stay(9060))).toEqual([
    false,
    true,
  ]);
});

test("totals, users and reasons are counted", () => {
  const { totals, byUser, byReason } = reportOf(records);
  expect(totals).toEqual({
    noticesGiven: 5,
    noticesNotGiven: 1,
    countdowns: 3,
    answered: 1,
    answeredShare: 1 / 3,
    ended: 5,
    loginsEnded: 4,
    terminalsEnded: 1,
    locked: 0,
    unlocked: 0,
    wrongAnswers: 0,
    failedTries: 1,
  });
  expect(byUser).toEqual([
    { user: "bob", noticesGiven: 1, countdowns: 1, answered: 0, ended: 2, failedTries: 1 },
    { user: "alice", noticesGiven: 3, countdowns: 2, answered: 1, ended: 1, failedTries: 0 },
    { user: "carol", noticesGiven: 1, countdowns: 0, answered: 0, ended: 1, failedTries: 0 },
    { user: "dave", noticesGiven: 0, countdowns: 0, answered: 0, ended: 1, failedTries: 0 },
  ]);
  expect(byReason).toEqual([
    { reason: "idle", noticesGiven: 4, ended: 3, failedTries: 1 },
    { reason: "max_login", noticesGiven: 1, ended: 1, failedTries: 0 },
    { reason: "administrator", noticesGiven: 0, ended: 1, failedTries: 0 },
  ]);
});

test("sums over users and reasons agree with the totals, whatever happened", () => {
  const anyRecord = fc
    .record({
      user: fc.constantFrom("a", "b"),
      sshdPid: fc.constantFrom(1, 2),
      action: fc.constantFrom("notice", "stay", "lock", "unlock", "end", "hang-up", "fault"),
      cause: fc.constantFrom("idle", "max_login", "activity", "policy", null),
      outcome: fc.constantFrom("given", "kept"),
      ended: fc.constantFrom(true, false, null),
      idleSeconds: fc.option(fc.nat(100_000)),
    })
    .chain((more) => fc.nat(1000).map((seconds) => recordAt(seconds, more)));
  fc.assert(
    fc.property(fc.array(anyRecord), (them) => {
      const { totals, byUser, byReason, idleTimes } = reportOf(them);
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      for (const key of ["noticesGiven", "countdowns", "answered", "ended", "failedTries"] as const)
        expect(sum(byUser.map((it) => it[key]))).toBe(totals[key]);
      for (const key of ["noticesGiven", "ended", "failedTries"] as const)
        expect(sum(byReason.map((it) => it[key]))).toBe(totals[key]);
      expect(sum(idleTimes.map(({ atReturn }) => atReturn))).toBe(totals.answered);
      expect(totals.answered).toBeLessThanOrEqual(totals.countdowns);
    }),
  );
});

test("each idle time is in one bin, with its lower edge", () => {
  const bins = histogramOf([59, 60, 899, 900, 1e9], [3600]);
  expect(filledOf(bins).map((bin) => [binLabel(bin, "-"), bin.atEnding, bin.atReturn])).toEqual([
    ["under 1 min", 1, 0],
    ["1-5 min", 1, 0],
    ["5-10 min", 0, 0],
    ["10-15 min", 1, 0],
    ["15-20 min", 1, 0],
    ["20-30 min", 0, 0],
    ["30-60 min", 0, 0],
    ["1-2 h", 0, 1],
    ["2-4 h", 0, 0],
    ["4-8 h", 0, 0],
    ["8 h or more", 1, 0],
  ]);
  expect(filledOf(histogramOf([700], [650])).map((bin) => binLabel(bin, "-"))).toEqual(["10-15 min"]);
  expect(filledOf(histogramOf([], []))).toEqual([]);
});

test("the text has the sums, a bar for each count, and what is missing", () => {
  const text = reportLines(reportOf(records), facts, undefined).join("\n");
  expect(text).toMatch(/^Answered +1 of 3 \(33 %\)$/m);
  expect(text).toMatch(/^Left out +2 lines$/m);
  expect(text).toMatch(/^Incomplete +\S+audit\.jsonl\.9\.gz$/m);
  expect(text).toMatch(/^alice +3 +2 +1 +1 +0$/m);
  expect(text).toMatch(/^max_login +1 +1 +0$/m);
  expect(text).toMatch(/^10-15 min +1 #{30}$/m);
  expect(text).toMatch(/^15-20 min +3 #{30}$/m);
  expect(text).toMatch(/^30-60 min +0$/m);
  expect(text).toContain(`sha256:${"ab".repeat(32)}`);
  const empty = reportLines(reportOf([]), facts, 80).join("\n");
  expect(empty).toMatch(/^Answered +0 of 0$/m);
  expect(empty.match(/^none$/gm)).toHaveLength(4);
});

test("nothing from the audit reaches a terminal as it is", () => {
  const hostile = "x\u001b[31m\u202e\n";
  const text = reportLines(reportOf([end(0, { user: hostile })]), { ...facts, host: hostile }, 80).join("\n");
  expect(text).not.toMatch(/[\u001b\u202e]/);
});

test("JSON has ISO 8601 times and names its units", () => {
  const json = JSON.parse(JSON.stringify(reportJson(reportOf(records), facts)));
  expect(json).toMatchObject({
    host: "bastion",
    generatedAt: "2026-02-01T00:00:00.000Z",
    period: {
      since: "2026-01-01T00:00:00.000Z",
      until: null,
      firstRecord: "2026-01-05T08:00:00.000Z",
      records: records.length,
    },
    leftOut: { lines: 2, files: ["/var/log/afkill/audit.jsonl.9.gz"] },
    totals: { answeredShare: 1 / 3 },
  });
  expect(json.idleTimes[0]).toEqual({ fromSeconds: 0, toSeconds: 60, atEnding: 1, atReturn: 0 });
});

test("markup escapes every value that is no markup", () => {
  expect(html`<p title="${`"'<`}">${`<b>&`}${html`<i>${1}</i>`}${[html`<u>`, html`${"<"}`]}</p>`.markup).toBe(
    '<p title="&quot;&#39;&lt;">&lt;b&gt;&amp;<i>1</i><u>&lt;</p>',
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"'\p{Cc}\p{Cf}]|&(?!(amp|lt|gt|quot|#39);)/u);
    }),
  );
});

test("a page names itself and forbids itself the network and scripts", () => {
  const page = pageOf(reportOf(records), facts);
  expect(page).toMatch(/^<!DOCTYPE html>/);
  expect(page).toContain(
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
  );
  expect(page).not.toMatch(/<script|javascript:|https?:/i);
  for (const text of ["bastion", "afkill 1.2.3", "ab".repeat(32), "2 lines of the audit", "audit.jsonl.9.gz"])
    expect(page).toContain(text);
  expect(pageOf(reportOf([]), facts).match(/Nothing in this period/g)).toHaveLength(3);
});

test("a chart has a bar for each number but 0, the longest over the whole width, and its words as text", () => {
  const { markup } = draw({
    id: "some",
    title: "So & so",
    description: `"quoted"`,
    labels: ["<a>", "b"],
    series: [
      { name: "one", colour: "--one", values: [0, 200] },
      { name: "two", colour: "--two", values: [50, 1000] },
    ],
  });
  expect(markup).toContain('role="img" aria-label="So &amp; so. &quot;quoted&quot;" style="--digits: 4"');
  expect(markup.match(/<div class="bar">.*?<\/div>/g)).toEqual([
    '<div class="bar"></div>',
    '<div class="bar"><i style="--fill: var(--two); width: 5.00%"></i>50</div>',
    '<div class="bar"><i style="--fill: var(--one); width: 20.00%"></i>200</div>',
    '<div class="bar"><i style="--fill: var(--two); width: 100.00%"></i>1000</div>',
  ]);
  expect(markup.match(/<div class="label">.*?<\/div>/g)).toEqual([
    '<div class="label">&lt;a&gt;</div>',
    '<div class="label">b</div>',
  ]);
});

test("a file is replaced whole, with its mode; what is no file is left alone", () => {
  const directory = mkdtempSync(join(tmpdir(), "replace-"));
  try {
    const path = join(directory, "report.html");
    writeFileSync(path, "old", { mode: 0o600 });
    replaceFile(path, "new", 0o640);
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const link = join(directory, "link");
    symlinkSync(path, link);
    for (const other of [link, directory, "/dev/null", "/dev/stdout"])
      expect(() => replaceFile(other, "x", 0o640), other).toThrow(/is not a regular file/);
    expect(readFileSync(path, "utf8")).toBe("new");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what was locked is told where something was", () => {
  const locks = [
    notice(0),
    lock(300),
    wrongAnswer(400),
    unlock(500),
    lock(900, { outcome: "not locked: no" }),
  ];
  const told = (them: typeof records) => reportLines(reportOf(them), facts, undefined).join("\n");
  expect(told(locks)).toContain("Locked           1 terminal; 1 unlocked, 1 wrong answer");
  expect(pageOf(reportOf(locks), facts)).toContain("<dt>Locked</dt><dd>1</dd><dd>1 terminal; 1 unlocked,");
  expect(told(records)).not.toContain("Locked");
  expect(pageOf(reportOf(records), facts)).not.toContain("Locked");
});
