// How a command prints its output.
import { styleText } from "node:util";
import { printable, safeJson, safeLines } from "../text/unseen.ts";

export { printable };

/** Prints one or more lines to standard output. The caller makes foreign text `printable`; this makes harmless what it forgot. */
export function say(line: string): void {
  process.stdout.write(`${safeLines(line, styled("bold", "") !== "")}\n`);
}

/** Prints an error to standard error, always as one line. */
export function complain(message: string): void {
  process.stderr.write(`afkill: ${printable(message.trim().replace(/\s*\n\s*/g, " "))}\n`);
}

/** Prints a value as JSON, for programs. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${safeJson(JSON.stringify(value, null, 2))}\n`);
}

/** Throws for anybody but root. `why`: the reason that root is needed, such as `it changes files that belong to root`. */
export function mustBeRoot(command: string, why: string): void {
  if (process.geteuid?.() === 0) return;
  throw new Error(`${command} needs root: ${why}; run it as root: sudo afkill ${command} ...`);
}

/** Text in a colour or weight. Plain if standard output is no terminal, or if NO_COLOR is set. */
export function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

/** Whether the terminal shows UTF-8. The first of the three variables of the locale that is set decides (locale(7)). */
export function isUtf8Locale(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
