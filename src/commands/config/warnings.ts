// What is no mistake in a policy, but does nothing on this host.
import { lockWarnings } from "../../policy/lock-warnings.ts";
import type { GoodFile } from "../../policy/merge.ts";
import { unknownNames } from "../../policy/names.ts";
import type { Problem } from "../../policy/problems.ts";
import { visibleHooks } from "../../setup/visible-hooks.ts";

/** A warning for each name that this host does not know, and for each lock that its hooks cannot give. */
export async function warningsOf(files: readonly GoodFile[]): Promise<Problem[]> {
  return [...(await unknownNames(files)), ...(await lockWarnings(files, visibleHooks()))];
}
