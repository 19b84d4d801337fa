/** One problem in a policy. Lines and columns count from 1; a file that could not be read has neither. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The key, such as `idle_timeout` or `rule[2].match.from[1]`, counted from 1; empty for the file as a whole. */
  readonly key: string;
  /** What was expected, and what was found. Printable ASCII. */
  readonly message: string;
}

/** One problem on one line, as compilers write them: `FILE:LINE:COLUMN: KEY: MESSAGE`. */
export function formatProblem({ file, line, column, key, message }: Problem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return `${place}: ${key && `${key}: `}${message}`;
}

/** A policy that cannot be used, with every problem in all of its files. Its message is one line, for a log. */
export class PolicyError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("; "));
    this.name = "PolicyError";
    this.problems = problems;
  }
}

/** The path to a value in a parsed file: keys of tables, and indexes of arrays counted from 0. */
export type KeyPath = readonly (string | number)[];

/** A path as text for people. */
export function formatKey(path: KeyPath): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part + 1}]` : `${at > 0 ? "." : ""}${ascii(part)}`))
    .join("");
}

/** Makes text of a file safe to print: escapes everything but printable ASCII, and cuts text that is longer than `mostCharacters`. */
export function ascii(text: string, mostCharacters = 60): string {
  const safe = text.slice(0, mostCharacters).replace(/[^ -~]/g, escaped);
  return text.length > mostCharacters ? `${safe}...` : safe;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
