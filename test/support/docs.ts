// The documentation as tests read it: its pages, their blocks, and the outputs that they show.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";

const checkout = resolve(import.meta.dirname, "../..");

/** The text of a file of the checkout. */
export const textOf = (path: string) => readFileSync(join(checkout, path), "utf8");

/** Every page of the documentation, from the root of the checkout. */
export const PAGES: readonly string[] = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "pam/README.md"],
  ...readdirSync(join(checkout, "docs")).map((name) => `docs/${name}`),
];

/** A fenced block; `line` is the first one inside. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export function blocksOf(page: string, text: string = textOf(page)): Block[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ({ 1: language = "", 2: inside = "", index }) => ({
      page,
      line: text.slice(0, index).split("\n").length + 1,
      language,
      text: inside,
    }),
  );
}

/** What a page shows that a command prints. */
export interface Shown {
  readonly page: string;
  readonly line: number;
  readonly command: string;
  readonly output: string;
}

/** The outputs of the `console` blocks: each stands below a line `$ COMMAND`. */
export function shownOutputs(pages: readonly string[] = PAGES): Shown[] {
  return pages
    .flatMap((page) => blocksOf(page))
    .filter(({ language }) => language === "console")
    .flatMap(({ page, line, text }) =>
      [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(({ 1: command = "", 2: output = "" }) => ({
        page,
        line,
        command,
        output,
      })),
    );
}

/** The commands whose shown output needs logins: test/e2e/docs.test.ts compares it. */
export const SHOWN_WITH_LOGINS: readonly string[] = [
  "sudo afkill list",
  "sudo afkill tree alice",
  "sudo afkill doctor",
  "afkill config show",
  "afkill explain bob --from 203.0.113.7",
  "sudo afkill log --action notice",
  "sudo afkill sshd apply --dry-run",
  "sudo afkill sweep --dry-run",
  "sudo afkill end --yes --notice 3s alice",
];

/**
 * An output without what differs from one run to the next, or with the version of OpenSSH: times, addresses, pids, the name of sshd's
 * program, and the blanks that lay a table out.
 */
export function masked(output: string): string {
  return output
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\+\d\d:\d\d)?/g, "TIME")
    .replace(/\b\d{4}-\d\d-\d\d\b/g, "DAY")
    .replace(/\b\d+(\.\d+){3}\b/g, "ADDRESS")
    .replace(/\b\d+\.\d+\.\d+\b/g, "VERSION")
    .replace(/\b\d\d:\d\d\b/g, "TIME")
    .replace(/\b\d+(\.\d+)?(d|h|m|s)(\d+[hms])*\b/g, "DURATION")
    .replace(/\b\d+ (d|h|min|s|days?)\b( \d+ (h|min|s)\b)?/g, "DURATION")
    .replace(/\bpts\/\d+/g, "TERMINAL")
    .replace(/\bsshd-session\b/g, "sshd")
    .replace(/(?<=sshd )\d+|\b\d{2,}(?= (sshd|bash|vim))|(?<=\b(idle|active|warned|exempt) +)\d+/g, "PID")
    .replace(/[^\S\n]+/g, " ")
    .replace(/ +$/gm, "")
    .trim();
}

/** Expects that a command prints what a page shows. A difference fails the test, and lets it go on to the other outputs. */
export function expectShown(shown: Shown, printed: string): void {
  const where = `${shown.page}:${shown.line}: ${shown.command}`;
  expect.soft(`${where}\n${masked(printed)}`).toBe(`${where}\n${masked(shown.output)}`);
}
