import { LIMITS, type LimitKey, type Limits, limitsWith } from "./limits.ts";
import { matchWith } from "./match.ts";
import type { Policy, Rule } from "./policy.ts";
import type { FileContent } from "./schema.ts";

/** The values at the top level if no file sets them. */
export const DEFAULT_LIMITS = limitsWith((key) => LIMITS[key].byDefault);

/** A file without faults. */
export interface GoodFile {
  readonly file: string;
  readonly text: string;
  readonly content: FileContent;
}

/**
 * Merges files in the order they were read: the main file, then its drop-ins. A top-level key of a later file replaces an earlier one; a
 * list is replaced as a whole. So does `max_login` under `[exempt]`; the names there are added up. The rules of the drop-ins are tried
 * before those of the main file: a drop-in can change what the main file says, and also tighten it. A key that a rule leaves out comes
 * from the merged top level.
 */
export function mergePolicy(files: readonly GoodFile[]): Policy {
  const base = files.reduce((limits, { content }) => limitsOf(content, limits), DEFAULT_LIMITS);
  return {
    base,
    exempt: {
      users: files.flatMap(({ content }) => content.exempt?.users ?? []),
      groups: files.flatMap(({ content }) => content.exempt?.groups ?? []),
      maxLoginMs: files.findLast(hasExemptMaxLogin)?.content.exempt?.max_login ?? Number.POSITIVE_INFINITY,
    },
    rules: inOrderOfRules(files).flatMap((file) => rulesOf(file, base)),
    files: files.map(({ file }) => file),
  };
}

/** The files in the order in which their rules are tried: the drop-ins by their names, then the main file. */
export function inOrderOfRules<T>([main, ...dropIns]: readonly T[]): readonly T[] {
  return main === undefined ? dropIns : [...dropIns, main];
}

/** Whether a file sets how long an exempt login may last. The last such file counts. */
export function hasExemptMaxLogin({ content }: Pick<GoodFile, "content">): boolean {
  return content.exempt?.max_login !== undefined;
}

function limitsOf(keys: Pick<FileContent, LimitKey>, inherited: Limits): Limits {
  return limitsWith((key) => keys[key] ?? inherited[LIMITS[key].field]);
}

function rulesOf({ file, text, content }: GoodFile, base: Limits): Rule[] {
  const rules = content.rule ?? [];
  const lines = ruleLines(text);
  // Rules in another form, such as one inline list, are named by their number only.
  const linesAreKnown = lines.length === rules.length;
  return rules.map((rule, index) => ({
    name: `rule ${index + 1}, ${file}${linesAreKnown ? `:${lines[index]}` : ""}`,
    match: matchWith(rule.match),
    limits: limitsOf(rule, base),
  }));
}

/** The lines, counted from 1, that open a `[[rule]]`. */
function ruleLines(text: string): number[] {
  return text
    .split("\n")
    .flatMap((line, index) => (/^\s*\[\[\s*(["']?)rule\1\s*\]\]/.test(line) ? [index + 1] : []));
}
