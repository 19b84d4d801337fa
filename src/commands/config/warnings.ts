// What is no mistake in a policy, but does nothing on this host.
import { lockWarnings } from "../../policy/lock-warnings.ts";
import type { GoodFile } from "../../policy/merge.ts";
import { unknownNames } from "../../policy/names.ts";
import type { Problem } from "../../policy/problems.ts";
import { rulesForOthers, unfitEntries } from "../../policy/unfit.ts";
import { visibleHooks } from "../../setup/visible-hooks.ts";

/** A warning for all that fits nobody on this host, and for each lock that its hooks cannot give. */
export async function warningsOf(files: readonly GoodFile[]): Promise<Problem[]> {
  const found = await Promise.all([
    unfitEntries(files),
    rulesForOthers(files),
    unknownNames(files),
    lockWarnings(files, visibleHooks()),
  ]);
  return found.flat();
}
