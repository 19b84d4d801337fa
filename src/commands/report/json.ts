import type { Facts } from "./facts.ts";
import type { Report } from "./report.ts";

/** A report for programs: times in ISO 8601, durations in seconds, shares between 0 and 1. */
export function reportJson(report: Report, facts: Facts): unknown {
  const { firstRecord, lastRecord, records, ...sums } = report;
  const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    host: facts.host,
    version: facts.version,
    generatedAt: iso(facts.generatedMs),
    audit: facts.audit,
    period: { since: iso(facts.sinceMs), until: iso(facts.untilMs), firstRecord, lastRecord, records },
    leftOut: { lines: facts.badLines, files: facts.badFiles },
    policyFiles: facts.policyFiles,
    ...sums,
  };
}
