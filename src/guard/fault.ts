// Records that need no look at a login: it cannot be judged as the policy says, or a lock broke.

import { type AuditRecord, record } from "../audit/record.ts";
import { type Login, sshdOf } from "../login/login.ts";
import type { Applied } from "../policy/policy.ts";

/** Records a fault of the host. `applied`: what applies meanwhile. */
export async function recordFault(login: Login, applied: Applied, reason: string): Promise<void> {
  await recordUnseen(login, applied, { action: "fault", cause: null, outcome: "-", terminals: [], reason });
}

/** Records that a terminal was given back because what had locked it is gone. */
export async function recordBrokenLock(login: Login, applied: Applied, terminal: string): Promise<void> {
  const reason = "what had locked it is gone";
  const facts = { action: "unlock", cause: "fault", outcome: "given back", reason } as const;
  await recordUnseen(login, applied, { ...facts, terminals: [terminal] });
}

async function recordUnseen(
  login: Login,
  applied: Applied,
  facts: Pick<AuditRecord, "action" | "cause" | "outcome" | "terminals" | "reason">,
): Promise<void> {
  await record({
    time: new Date().toISOString(),
    ended: null,
    user: login.user,
    uid: login.uid,
    client: login.client?.address ?? null,
    sshdPid: sshdOf(login).pid,
    rule: applied.rule,
    idleSeconds: null,
    limitSeconds: null,
    lastActivity: null,
    ...facts,
  });
}
