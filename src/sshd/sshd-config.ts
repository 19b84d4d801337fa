// Reads sshd_config(5), as far as our ForceCommand needs it. Pure, apart from the reader that it gets.
import { DROP_IN, SSHD_CONFIG } from "../system/paths.ts";

/** One line that sets something. */
export interface Directive {
  readonly file: string;
  readonly line: number;
  /** In lower case, because sshd ignores case. */
  readonly keyword: string;
  readonly args: readonly string[];
  /** The number of the block that it is in, different for each block; 0 outside every Match. */
  readonly block: number;
}

/** How to read the files of a configuration. */
export interface ConfigReader {
  readonly read: (file: string) => string;
  /** The files that match a glob(7) pattern, in glob's order. */
  readonly glob: (pattern: string) => readonly string[];
}

/** Every directive of sshd's configuration and its included files, in the order that sshd reads them. */
export function readConfig(reader: ConfigReader): Directive[] {
  let blocks = 0;
  const readFile = (file: string, outer: number, depth: number): Directive[] => {
    // sshd's own limit, SERVCONF_MAX_DEPTH.
    if (depth > 16) return [];
    let block = outer;
    return reader
      .read(file)
      .split("\n")
      .flatMap((text, at) => {
        const [keyword, args] = parseLine(text);
        if (keyword === "") return [];
        // A Match block ends with its file (sshd_config(5), "Include").
        if (keyword === "match") block = ++blocks;
        const directive: Directive = { file, line: at + 1, keyword, args, block };
        if (keyword !== "include") return [directive];
        const files = args.flatMap((pattern) => reader.glob(absolute(pattern)));
        return [directive, ...files.flatMap((included) => readFile(included, block, depth + 1))];
      });
  };
  return readFile(SSHD_CONFIG, 0, 0);
}

/** Keyword and arguments, separated by blanks or one `=`. Arguments can be quoted; `#` starts a comment; a carriage return is a blank. */
function parseLine(text: string): [string, string[]] {
  const [, keyword = "", rest = ""] = /^\s*([^\s#="]+)(?:\s*=\s*|\s+)?([\s\S]*)$/.exec(text) ?? [];
  const args: string[] = [];
  for (const [, double, single, plain = ""] of rest.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)) {
    if (plain.startsWith("#")) break;
    args.push(double ?? single ?? plain);
  }
  return [keyword.toLowerCase(), args];
}

function absolute(pattern: string): string {
  return pattern.startsWith("/") ? pattern : `/etc/ssh/${pattern}`;
}

/** Whether sshd would read our drop-in for every login. */
export function includesDropIn(config: readonly Directive[], dropIn = DROP_IN): boolean {
  const includes = config.filter(({ keyword, block }) => keyword === "include" && block === 0);
  return includes.some(({ args }) => args.some((pattern) => finds(absolute(pattern), dropIn)));
}

/** Whether a glob(7) pattern matches a path whose name has no leading dot. */
export function finds(pattern: string, path: string): boolean {
  try {
    return globExpression(pattern).test(path);
  } catch {
    // A backward range, such as `[z-a]`: it matches nothing in glob(7) either.
    return false;
  }
}

/** A glob(7) pattern as a regular expression, for names without a leading dot. */
function globExpression(pattern: string): RegExp {
  const parts = pattern.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (part.length > 1) return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return part.replace(/[^\w/]/, "\\$&");
  });
  return new RegExp(`^${parts}$`);
}

/** The patterns of authorized_keys files from every block; sshd's default if none is set. */
export function keyFilePatterns(config: readonly Directive[]): string[] {
  const set = config.filter(({ keyword }) => keyword === "authorizedkeysfile");
  const patterns = set.flatMap(({ args }) => args);
  const alwaysSet = set.some(({ block }) => block === 0);
  return [...new Set([...patterns, ...(alwaysSet ? [] : [".ssh/authorized_keys", ".ssh/authorized_keys2"])])];
}
