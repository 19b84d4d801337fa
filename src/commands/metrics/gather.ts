// Takes a snapshot of the host for its metrics.
import { statSync } from "node:fs";
import packageFile from "../../../package.json" with { type: "json" };
import { matches } from "../../audit/filter.ts";
import { type Reading, readAudit } from "../../audit/read.ts";
import { loadPolicy } from "../../policy/load.ts";
import { hookStates } from "../../setup/in-effect.ts";
import { idleSecondsOf, rowOf } from "../../survey/rows.ts";
import { survey } from "../../survey/survey.ts";
import { readClocks } from "../../system/clock.ts";
import { AUDIT, POLICY, RUN_DIRECTORY } from "../../system/paths.ts";
import type { Snapshot } from "./metrics.ts";
import { tallyOf } from "./tally.ts";

/** Each failed check of root's watchdogs adds a byte (see pam/watchdog). The directory is empty after a boot. */
const FAILED_CHECKS = `${RUN_DIRECTORY}/failed-checks`;

/** Looks at all logins, and reads the audit since the boot. Needs root. Throws if the audit may not be read. */
export async function gather(): Promise<Snapshot> {
  const { bootMs, wallMs } = readClocks();
  const startedMs = wallMs - bootMs;
  const readings = await Array.fromAsync(readAudit(AUDIT, startedMs));
  const logins = await survey({ configPath: POLICY });
  return {
    version: packageFile.version,
    logins: logins.map(rowOf).map((row) => ({ state: row.state, idleSeconds: idleSecondsOf(row) })),
    hooks: hookStates().map(({ hook, fault }) => ({ hook, isInEffect: fault === undefined })),
    policyValid: await loadPolicy(POLICY).then(
      () => true,
      () => false,
    ),
    tally: tallyOf(readings.flatMap(recordIn).filter((record) => matches(record, { sinceMs: startedMs }))),
    checksFailed: statSync(FAILED_CHECKS, { throwIfNoEntry: false })?.size ?? 0,
    unreadable: {
      lines: readings.filter((reading) => "badLine" in reading).length,
      files: readings.filter((reading) => "badFile" in reading).length,
    },
  };
}

function recordIn(reading: Reading) {
  return "record" in reading ? [reading.record] : [];
}
