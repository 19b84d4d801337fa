// The text of a PAM service file (pam.d(5)), read strictly: anything not understood is refused, because a line in the wrong place can
// refuse every login. Pure.

/** One rule, or one `@include` of Debian's libpam, with its place. */
export interface PamEntry {
  /** `auth`, `account`, `password`, `session`, or `@include`. */
  readonly type: string;
  readonly control: string;
  /** The module, or the file that an `@include`, or the control `include` or `substack`, names. */
  readonly module: string;
  readonly args: readonly string[];
  /** Counted from 1. */
  readonly line: number;
  /** Offsets in the text: of its first line, and of the line after its last. */
  readonly start: number;
  readonly end: number;
}

/** A service file that cannot be read with certainty. */
export class PamSyntaxError extends Error {
  readonly line: number;
  constructor(line: number, wrong: string) {
    super(wrong);
    this.line = line;
  }
}

/** The line that afkill adds to sshd's file. `optional`: even if the program fails, the login continues. */
export const PAM_RULE =
  "session optional pam_exec.so quiet type=open_session /usr/lib/afkill/env -i /usr/lib/afkill/session";

/** All entries of a service file. Throws `PamSyntaxError`. */
export function parsePam(text: string): PamEntry[] {
  const entries: PamEntry[] = [];
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let start = 0;
  for (let at = 0; at < lines.length; at++) {
    const first = at;
    let words = "";
    let end = start;
    for (; ; at++) {
      const line = lines[at];
      if (line === undefined) throw new PamSyntaxError(first + 1, "the last line ends in a backslash");
      end += line.length;
      const rule = line.replace(/#.*/, "").trimEnd();
      // The versions of libpam treat a comment, an empty line or a blank after the backslash in a continued rule differently.
      if (at > first && rule.trim() === "")
        throw new PamSyntaxError(at + 1, "the line after a backslash is empty or a comment");
      if (!rule.endsWith("\\")) {
        words += rule;
        break;
      }
      if (!/\\\n?$/.test(line))
        throw new PamSyntaxError(at + 1, "there are blanks or a comment after the backslash");
      words += `${rule.slice(0, -1)} `;
    }
    if (words.trim() !== "") entries.push({ ...parseRule(split(words, first + 1), first + 1), start, end });
    start = end;
  }
  return entries;
}

/** Splits a rule into words; `[a b]` is one word, and in it `\]` means `]`. */
function split(rule: string, line: number): string[] {
  const words: string[] = rule.match(/\[(?:\\\]|[^\]])*\]|[^\s[][^\s]*|\[/g) ?? [];
  if (words.includes("[")) throw new PamSyntaxError(line, "a [ without its ]");
  return words;
}

function parseRule(words: readonly string[], line: number): Omit<PamEntry, "start" | "end"> {
  const [first = "", control = "", module = "", ...args] = words;
  const type = first.replace(/^-/, "").toLowerCase();
  if (type === "@include") {
    if (words.length !== 2) throw new PamSyntaxError(line, "@include takes one file");
    return { type, control: "", module: control, args: [], line };
  }
  if (!/^(auth|account|password|session)$/.test(type))
    throw new PamSyntaxError(line, `expected auth, account, password or session, got ${first}`);
  if (!/^(required|requisite|sufficient|optional|include|substack|\[(\s*\w+=\w+)+\s*\])$/i.test(control))
    throw new PamSyntaxError(line, `expected a control such as required, got ${control || "nothing"}`);
  if (module === "") throw new PamSyntaxError(line, "expected a module, got nothing");
  return { type, control: control.toLowerCase(), module, args, line };
}

/**
 * Puts afkill's rule before the first session rule, or before the `@include` that brings that rule; `read` returns the text of an
 * included file. The rule comes first because later rules fill the PAM environment with values that the user chooses. Returns the text
 * unchanged if the rule is there already. Throws `PamSyntaxError` and the errors of `read`.
 */
export function insertRule(text: string, read: (name: string) => string): string {
  const bare = removeRule(text);
  const first = parsePam(bare).find((entry) => bringsSession(entry, read, []));
  if (first !== undefined) return `${bare.slice(0, first.start)}${PAM_RULE}\n${bare.slice(first.start)}`;
  return `${bare}${bare === "" || bare.endsWith("\n") ? "" : "\n"}${PAM_RULE}\n`;
}

function bringsSession(entry: PamEntry, read: (name: string) => string, seen: readonly string[]): boolean {
  if (entry.type !== "@include") return entry.type === "session";
  // libpam also refuses such a file, but only at a login.
  if (seen.includes(entry.module)) throw new PamSyntaxError(entry.line, `${entry.module} includes itself`);
  const within = [...seen, entry.module];
  try {
    return parsePam(read(entry.module)).some((inner) => bringsSession(inner, read, within));
  } catch (error) {
    if (!(error instanceof PamSyntaxError)) throw error;
    throw new PamSyntaxError(entry.line, `in ${entry.module}, line ${error.line}: ${error.message}`);
  }
}

/** The text without the rules that run afkill's program. Throws `PamSyntaxError`. */
export function removeRule(text: string): string {
  return parsePam(text)
    .filter((entry) => entry.type === "session" && entry.args.includes("/usr/lib/afkill/session"))
    .reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text);
}
