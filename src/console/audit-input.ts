// What `log` and `report` share: which audit they read, and what they say about the parts that could not be read.
import { existsSync } from "node:fs";
import type { Reading } from "../audit/read.ts";
import type { AuditRecord } from "../audit/record.ts";
import { AUDIT } from "../system/paths.ts";
import { complain, printable } from "./output.ts";

/** The parts of an audit that could not be read. */
export interface Faults {
  badLines: number;
  readonly badFiles: string[];
}

/**
 * The records of the audit at `path`. Lines that are no records are counted in `faults`, and reported when everything is read. The exit
 * status is 1 if a file could not be read to its end. Throws if another audit than the host's was named and it does not exist.
 */
export async function* recordsOf(
  readings: AsyncIterable<Reading>,
  path: string,
  faults: Faults = { badLines: 0, badFiles: [] },
): AsyncGenerator<AuditRecord> {
  let any = false;
  try {
    for await (const reading of readings) {
      any = true;
      if ("record" in reading) yield reading.record;
      else if ("badLine" in reading) faults.badLines += 1;
      else {
        complain(`${printable(reading.badFile)} could not be read to its end: ${printable(reading.why)}`);
        faults.badFiles.push(reading.badFile);
        process.exitCode = 1;
      }
    }
    if (!any) sayMissing(path);
  } finally {
    const { badLines } = faults;
    const none = badLines === 1 ? "line is not a record" : "lines are not records";
    if (badLines > 0) complain(`${badLines} ${none}: left out`);
  }
}

/** An audit that was named must exist. The audit of this host is created with its first record. */
function sayMissing(path: string): void {
  if (existsSync(path)) return;
  if (path !== AUDIT) throw new Error(`${printable(path)} does not exist; name the audit or a copy of it`);
  complain(`nothing has been recorded yet: there is no ${AUDIT}`);
}
