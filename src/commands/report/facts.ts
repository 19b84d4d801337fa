// What a report says about itself.
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import packageFile from "../../../package.json" with { type: "json" };
import { readPolicyFiles } from "../../policy/files.ts";

/** A file of the policy, as it was when the report was made. */
export type PolicyEvidence =
  | { readonly file: string; readonly sha256: string }
  | { readonly file: string; readonly refusal: string };

export interface Facts {
  readonly host: string;
  readonly version: string;
  readonly audit: string;
  /** Times in ms of the wall clock; `undefined` if the period has no limit on that side. */
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly generatedMs: number;
  /** Parts of the audit that could not be read. If there are any, the report is incomplete. */
  readonly badLines: number;
  readonly badFiles: readonly string[];
  readonly policyFiles: readonly PolicyEvidence[];
}

/** Collects the facts of a report that is made now, on this host. */
export function gatherFacts(
  about: Pick<Facts, "audit" | "sinceMs" | "untilMs" | "badLines" | "badFiles">,
  policy: string,
): Facts {
  return {
    ...about,
    host: hostname(),
    version: packageFile.version,
    generatedMs: Date.now(),
    policyFiles: readPolicyFiles(policy).map((source) =>
      "text" in source
        ? { file: source.file, sha256: createHash("sha256").update(source.text).digest("hex") }
        : source,
    ),
  };
}
