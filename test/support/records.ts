// Records of an invented audit.
import type { AuditRecord } from "../../src/audit/record.ts";

const START_MS = Date.UTC(2026, 0, 5, 8);

/** A record so many seconds after the beginning; what is not given is that of an idle login of alice's. */
export function recordAt(seconds: number, more: Partial<AuditRecord>): AuditRecord {
  return {
    time: new Date(START_MS + seconds * 1000).toISOString(),
    action: "notice",
    cause: "idle",
    outcome: "given",
    ended: null,
    user: "alice",
    uid: 1000,
    client: "10.0.0.7",
    terminals: ["pts/3"],
    sshdPid: 11,
    rule: "top level",
    idleSeconds: 600,
    limitSeconds: 900,
    lastActivity: "input: a key",
    reason: "closes in 5 min",
    ...more,
  };
}

export const notice = (seconds: number, more: Partial<AuditRecord> = {}) => recordAt(seconds, more);

export const stay = (seconds: number, more: Partial<AuditRecord> = {}) =>
  recordAt(seconds, { action: "stay", cause: "activity", outcome: "kept", idleSeconds: 1, ...more });

export const end = (seconds: number, more: Partial<AuditRecord> = {}) =>
  recordAt(seconds, {
    action: "end",
    outcome: "child sshd 12 ended after SIGTERM",
    ended: true,
    idleSeconds: 900,
    ...more,
  });

export const lock = (seconds: number, more: Partial<AuditRecord> = {}) =>
  recordAt(seconds, { action: "lock", outcome: "locked", idleSeconds: 900, ...more });

export const wrongAnswer = (seconds: number, more: Partial<AuditRecord> = {}) =>
  recordAt(seconds, { action: "wrong-answer", cause: "password", outcome: "refused", ...more });

export const unlock = (seconds: number, more: Partial<AuditRecord> = {}) =>
  recordAt(seconds, { action: "unlock", cause: "password", outcome: "unlocked", ...more });
