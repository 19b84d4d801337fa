import type { LimitKey } from "./limit-keys.ts";
import type { Limits, Policy, Rule } from "./policy.ts";
import type { FileContent } from "./schema.ts";

/** What the top level says where no file does. */
export const DEFAULT_LIMITS: Limits = {
  idleTimeoutMs: 15 * 60_000,
  warnBeforeMs: [5 * 60_000, 60_000],
  activity: ["input", "busy", "transfer"],
  busyMaxMs: 4 * 3_600_000,
  noTerminalMs: Number.POSITIVE_INFINITY,
  maxLoginMs: Number.POSITIVE_INFINITY,
  maxStayMs: Number.POSITIVE_INFINITY,
  mouseMotion: true,
  trustTtyTimes: true,
  heartbeats: true,
  message: "",
};

/** A file without faults. */
export interface GoodFile {
  readonly file: string;
  readonly text: string;
  readonly content: FileContent;
}

/**
 * Merges files in the order they were read. A later file's top-level key replaces an earlier one's, a list as a whole; the names under
 * `[exempt]` and the rules are added behind those before, so a drop-in can exempt more people, never fewer, and rules are tried in the
 * order one reads them. A rule takes what it leaves out from the merged top level, wherever that was set.
 */
export function mergePolicy(files: readonly GoodFile[]): Policy {
  const base = files.reduce((limits, { content }) => limitsOf(content, limits), DEFAULT_LIMITS);
  return {
    base,
    exempt: {
      users: files.flatMap(({ content }) => content.exempt?.users ?? []),
      groups: files.flatMap(({ content }) => content.exempt?.groups ?? []),
    },
    rules: files.flatMap((file) => rulesOf(file, base)),
    files: files.map(({ file }) => file),
  };
}

function limitsOf(keys: Pick<FileContent, LimitKey>, inherited: Limits): Limits {
  return {
    idleTimeoutMs: keys.idle_timeout ?? inherited.idleTimeoutMs,
    warnBeforeMs: keys.warn_before ?? inherited.warnBeforeMs,
    activity: keys.activity ?? inherited.activity,
    busyMaxMs: keys.busy_max ?? inherited.busyMaxMs,
    noTerminalMs: keys.no_terminal ?? inherited.noTerminalMs,
    maxLoginMs: keys.max_login ?? inherited.maxLoginMs,
    maxStayMs: keys.max_stay ?? inherited.maxStayMs,
    mouseMotion: keys.mouse_motion ?? inherited.mouseMotion,
    trustTtyTimes: keys.trust_tty_times ?? inherited.trustTtyTimes,
    heartbeats: keys.heartbeats ?? inherited.heartbeats,
    message: keys.message ?? inherited.message,
  };
}

function rulesOf({ file, text, content }: GoodFile, base: Limits): Rule[] {
  const rules = content.rule ?? [];
  const lines = ruleLines(text);
  // Rules written otherwise, as one inline list, go by their number alone.
  const linesAreKnown = lines.length === rules.length;
  return rules.map((rule, index) => ({
    name: `rule ${index + 1}, ${file}${linesAreKnown ? `:${lines[index]}` : ""}`,
    match: {
      users: rule.match.users ?? [],
      groups: rule.match.groups ?? [],
      from: rule.match.from ?? [],
    },
    limits: limitsOf(rule, base),
  }));
}

/** The lines, counted from 1, that open a `[[rule]]`. */
function ruleLines(text: string): number[] {
  return text
    .split("\n")
    .flatMap((line, index) => (/^\s*\[\[\s*(["']?)rule\1\s*\]\]/.test(line) ? [index + 1] : []));
}
