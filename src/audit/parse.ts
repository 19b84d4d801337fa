// Reads lines of `fileLine`, even if an older or newer version wrote them.
import * as v from "valibot";
import type { AuditRecord } from "./record.ts";
import { ACTIONS, CAUSES, LOGIN_KINDS } from "./words.ts";

const count = v.pipe(v.number(), v.finite());

const schema = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  action: v.picklist(ACTIONS),
  // Records of the first version have neither a cause nor `ended`.
  cause: v.optional(v.nullable(v.picklist(CAUSES)), null),
  outcome: v.string(),
  ended: v.optional(v.nullable(v.boolean()), null),
  user: v.string(),
  uid: count,
  client: v.nullable(v.string()),
  terminals: v.array(v.string()),
  kind: v.optional(v.picklist(LOGIN_KINDS)),
  sshdPid: count,
  rule: v.string(),
  idleSeconds: v.nullable(count),
  limitSeconds: v.nullable(count),
  lastActivity: v.nullable(v.string()),
  reason: v.string(),
});

/** The record in a line of the audit; `undefined` if it holds none: cut off by a full disk, or written by somebody else. */
export function parseRecord(line: string): AuditRecord | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
