// How a command says what it does.

import { readFileSync } from "node:fs";
import { styleText } from "node:util";
import { type Change, describe, look } from "../setup/change.ts";
import { diffLines } from "../setup/diff.ts";
import { PROGRAM_DIRECTORY } from "../setup/layout.ts";
import { SetupError } from "../setup/setup-error.ts";

/** Prints a line to standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Throws a `SetupError` for anybody but root. */
export function mustBeRoot(command: string): void {
  if (process.geteuid?.() !== 0)
    throw new SetupError(`${command} changes files of root's`, `run it as root: sudo afkill ${command} …`);
}

/** A change that has not been made, with what differs where the file is the system's or goes to /etc. */
export function preview(change: Change): string[] {
  const { path, wanted } = change;
  const line = `would ${describe(change)}`;
  const isProgram = path.startsWith(`${PROGRAM_DIRECTORY}/`);
  if (isProgram || wanted.kind !== "file" || !Buffer.isBuffer(wanted.content)) return [line];
  const before = look(path)?.isFile() ? readFileSync(path, "latin1") : "";
  return [line, ...diffLines(before, wanted.content.toString("latin1"), 2).map(coloured)];
}

/** Plain where standard output is no terminal, or where NO_COLOR is set. */
function coloured(line: string): string {
  const color = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "reset";
  return `    ${styleText(color, line, { stream: process.stdout })}`;
}
