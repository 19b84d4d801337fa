// How a command says what it does.
import { styleText } from "node:util";
import { printable, safeJson, safeLines } from "../text/unseen.ts";

export { printable };

/** Prints a line, or several, to standard output. The caller makes text of others `printable`; what was forgotten is harmless. */
export function say(line: string): void {
  process.stdout.write(`${safeLines(line, styled("bold", "") !== "")}\n`);
}

/** Prints an error to standard error: one line, whatever the message holds. */
export function complain(message: string): void {
  process.stderr.write(`afkill: ${printable(message.trim().replace(/\s*\n\s*/g, " "))}\n`);
}

/** Prints a value as JSON, for programs. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${safeJson(JSON.stringify(value, null, 2))}\n`);
}

/** Throws for anybody but root. `why`: what takes root, such as `it changes files of root's`. */
export function mustBeRoot(command: string, why: string): void {
  if (process.geteuid?.() === 0) return;
  throw new Error(`${command} needs root: ${why}; run it as root: sudo afkill ${command} ...`);
}

/** Text in a colour or weight: plain where standard output is no terminal, or where NO_COLOR is set. */
export function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

/** Whether the terminal shows UTF-8, by the locale (locale(7)): the first of the three that is set decides. */
export function isUtf8Locale(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
}
