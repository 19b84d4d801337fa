// Formats a record as a line of the audit file and as a line of the system log. Pure.
import { safeJson, UNSEEN } from "../text/unseen.ts";
import type { AuditRecord } from "./record.ts";

/** The longest line of the audit file: one page, so that a full disk rarely cuts a line in two. */
const FILE_LINE_BYTES = 4096;
/** The longest line of the system log: with its header it fits the 1024 bytes of RFC 3164. */
export const SYSLOG_TEXT_BYTES = 900;
const LONGEST_VALUE = 1024;
const MOST_TERMINALS = 16;

// Characters that cannot end a value, start a quoted one, or look like another `key=`.
const BARE = /^(?!-$)[A-Za-z0-9._:/@%+,-]+$/;

/** The record as one line of JSON with its newline. It is complete and valid, without control characters. Long values are cut. */
export function fileLine(r: AuditRecord): string {
  return shortened(FILE_LINE_BYTES, (longest) => `${safeJson(JSON.stringify(cutRecord(r, longest)))}\n`);
}

/** The record as `key=value …`. A value is in double quotes (escaped) if it could be mistaken for something else. */
export function syslogLine(r: AuditRecord): string {
  return shortened(SYSLOG_TEXT_BYTES, (longest) => {
    const c = cutRecord(r, longest);
    const pairs: [string, string | number | null][] = [
      ["action", c.action],
      ["user", c.user],
      ["uid", c.uid],
      ["client", c.client],
      ["terminals", c.terminals.length > 0 ? c.terminals.join(",") : null],
      ...(c.kind === undefined ? [] : [["kind", c.kind] satisfies [string, string]]),
      ["sshd", c.sshdPid],
      ["rule", c.rule],
      ["idle", c.idleSeconds],
      ["limit", c.limitSeconds],
      ["last", c.lastActivity],
      ["cause", c.cause],
      ["ended", c.ended === null ? null : c.ended ? "yes" : "no"],
      ["outcome", c.outcome],
      ["reason", c.reason],
    ];
    return pairs.map(([key, value]) => `${key}=${toValue(value)}`).join(" ");
  });
}

/** The text on one line, cut to `bytes` of UTF-8. Characters that cannot be seen are written as `\x1b` or `\u{202e}`. */
export function visible(text: string, bytes: number): string {
  return shortened(bytes, (longest) => cut(text, longest).replace(UNSEEN, escaped));
}

/** Renders again with ever shorter values, until it fits. */
function shortened(bytes: number, render: (longest: number) => string): string {
  let longest = LONGEST_VALUE;
  let line = render(longest);
  while (Buffer.byteLength(line) > bytes && longest > 8) {
    longest = Math.floor(longest * 0.8);
    line = render(longest);
  }
  return line;
}

function cutRecord(r: AuditRecord, longest: number): AuditRecord {
  const most = Math.min(MOST_TERMINALS, longest);
  const left = r.terminals.length - most;
  const terminals = r.terminals.slice(0, most).map((name) => cut(name, longest));
  return {
    time: cut(r.time, longest),
    action: r.action,
    ...(r.kind !== undefined && { kind: r.kind }),
    cause: r.cause,
    outcome: cut(r.outcome, longest),
    ended: r.ended,
    user: cut(r.user, longest),
    uid: r.uid,
    client: r.client === null ? null : cut(r.client, longest),
    terminals: left > 0 ? [...terminals, `and ${left} more`] : terminals,
    sshdPid: r.sshdPid,
    rule: cut(r.rule, longest),
    idleSeconds: r.idleSeconds,
    limitSeconds: r.limitSeconds,
    lastActivity: r.lastActivity === null ? null : cut(r.lastActivity, longest),
    reason: cut(r.reason, longest),
  };
}

/** Cuts by characters, so that no half of a surrogate pair remains. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${Array.from(text.slice(0, longest)).slice(0, -1).join("")}…`;
}

function toValue(value: string | number | null): string {
  if (value === null) return "-";
  const text = String(value);
  if (BARE.test(text)) return text;
  return `"${text.replace(/["\\]/g, "\\$&").replace(UNSEEN, escaped)}"`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
