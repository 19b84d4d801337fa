/** What afkill did, or failed to do, to a login. */
export type Action = "notice" | "stay" | "hang-up" | "end" | "fault";

/** One line of the audit. */
export interface AuditRecord {
  /** ISO 8601 with the time zone, from the wall clock. */
  readonly time: string;
  readonly action: Action;
  readonly outcome: string;
  readonly user: string;
  readonly uid: number;
  readonly client: string | null;
  readonly terminals: readonly string[];
  readonly sshdPid: number;
  /** The policy rule that applied. */
  readonly rule: string;
  readonly idleSeconds: number | null;
  /** `null` for "off". */
  readonly limitSeconds: number | null;
  /** The source of the last activity, and its evidence in words. */
  readonly lastActivity: string | null;
  /** Why, in one sentence. */
  readonly reason: string;
}
