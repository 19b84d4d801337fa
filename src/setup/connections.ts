// Why the policy needs to ask the kernel for TCP connections: it tells the bytes of a program's own connections. A watchdog that runs as the
// user also needs it for the bytes of the login.
import { mustTellOfConnections } from "../activity/connections.ts";
import { SetupError } from "../change/setup-error.ts";
import type { Policy, Source } from "../policy/policy.ts";
import { reasonOf } from "../text/reason-of.ts";

/** What to do if the kernel does not tell. */
export const CONNECTIONS_REMEDY =
  "modprobe tcp_diag (the kernel's option INET_TCP_DIAG), or leave busy and transfer out of the policy's activity";

/** Throws a `SetupError` if the kernel does not tell and this policy needs it: checks would fail, and logins would never end. */
export async function mustSeeConnections(policy: Policy | undefined): Promise<void> {
  if (!asksForConnections(policy)) return;
  await mustTellOfConnections().catch((error: unknown) => {
    throw new SetupError(reasonOf(error), CONNECTIONS_REMEDY);
  });
}

/** If there is no usable policy, the sources are the defaults, and they need connections. */
export function asksForConnections(policy: Policy | undefined): boolean {
  const needing: readonly Source[] = ["busy", "transfer"];
  if (policy === undefined) return true;
  const limits = [policy.base, ...policy.rules.map((rule) => rule.limits)];
  return limits.some(({ activity }) => needing.some((source) => activity.includes(source)));
}
