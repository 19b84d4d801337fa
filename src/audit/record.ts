import { AUDIT_DIRECTORY } from "../system/paths.ts";
import { appendLine } from "./append.ts";
import { fileLine, syslogLine } from "./lines.ts";
import { log } from "./syslog.ts";
import type { Action, Cause, LoginKind } from "./words.ts";

export type { Action, Cause } from "./words.ts";

/** One line of the audit. */
export interface AuditRecord {
  /** ISO 8601 with the time zone, from the wall clock. */
  readonly time: string;
  readonly action: Action;
  /** `null` if nothing caused it, as for a fault. */
  readonly cause: Cause | null;
  readonly outcome: string;
  /** Whether all that had to end is proved gone; `null` if nothing had to end. */
  readonly ended: boolean | null;
  readonly user: string;
  readonly uid: number;
  readonly client: string | null;
  readonly terminals: readonly string[];
  /** The purpose of the login; absent in records of earlier versions. */
  readonly kind?: LoginKind | undefined;
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

const PRIORITIES = {
  notice: "info",
  stay: "info",
  lock: "notice",
  "wrong-answer": "warning",
  unlock: "notice",
  "hang-up": "notice",
  end: "notice",
  fault: "warning",
} as const;

/**
 * Writes one record to the system log and, as root, to the audit file. Never throws: a log that cannot be written must not stop an ending.
 * If the audit file fails, the system log is told, and it has the record too.
 */
export async function record(r: AuditRecord): Promise<void> {
  const inSyslog = log(PRIORITIES[r.action], syslogLine(r));
  const inFile = process.geteuid?.() === 0 ? appendLine(AUDIT_DIRECTORY, fileLine(r)) : undefined;
  await inFile?.catch((error: unknown) => log("err", `audit file not written: ${error}`));
  await inSyslog;
}
