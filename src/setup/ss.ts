// Why the policy needs ss(8), which a minimal Debian does not have: it shows the bytes of a program's own connections. A watchdog that
// runs as the user also needs it for the bytes of the login.
import { placeOfSs } from "../activity/connections.ts";
import { SetupError } from "../change/setup-error.ts";
import type { Policy, Source } from "../policy/policy.ts";
import { reasonOf } from "../text/reason-of.ts";

/** What to do if it is missing. */
export const SS_REMEDY = "apt install iproute2, or leave busy and transfer out of the policy's activity";

/** Throws a `SetupError` if ss is missing and this policy needs it: every check would fail, and no login would ever end. */
export function mustHaveSs(policy: Policy | undefined): void {
  if (!asksForSs(policy)) return;
  try {
    placeOfSs();
  } catch (error) {
    throw new SetupError(reasonOf(error), SS_REMEDY);
  }
}

/** If there is no usable policy, the sources are the defaults, and they need ss. */
export function asksForSs(policy: Policy | undefined): boolean {
  const needing: readonly Source[] = ["busy", "transfer"];
  if (policy === undefined) return true;
  const limits = [policy.base, ...policy.rules.map((rule) => rule.limits)];
  return limits.some(({ activity }) => needing.some((source) => activity.includes(source)));
}
