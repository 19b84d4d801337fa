// The record that a login cannot be judged as the policy says.

import { record } from "../audit/record.ts";
import { type Login, sshdOf } from "../login/login.ts";
import type { Applied } from "../policy/policy.ts";

/** Records a fault of the host. `applied`: what applies meanwhile. */
export async function recordFault(login: Login, applied: Applied, reason: string): Promise<void> {
  await record({
    time: new Date().toISOString(),
    action: "fault",
    cause: null,
    outcome: "-",
    ended: null,
    user: login.user,
    uid: login.uid,
    client: login.client?.address ?? null,
    terminals: [],
    sshdPid: sshdOf(login).pid,
    rule: applied.rule,
    idleSeconds: null,
    limitSeconds: null,
    lastActivity: null,
    reason,
  });
}
