// What an install or uninstall would change, for people.
import { readFileSync } from "node:fs";
import { type Change, describe, look } from "../change/change.ts";
import { diffLines } from "../change/diff.ts";
import { PROGRAM_DIRECTORY } from "../system/paths.ts";
import { styled } from "./output.ts";

/** The lines that describe a planned change. For a file of the system or in /etc they show the difference. */
export function preview(change: Change): string[] {
  const { path, wanted } = change;
  const line = `would ${describe(change)}`;
  const isProgram = path.startsWith(`${PROGRAM_DIRECTORY}/`);
  if (isProgram || wanted.kind !== "file" || !Buffer.isBuffer(wanted.content)) return [line];
  // A page of the manual is compressed.
  if (wanted.content.includes(0)) return [line];
  const before = look(path)?.isFile() ? readFileSync(path, "latin1") : "";
  return [line, ...diffLines(before, wanted.content.toString("latin1"), 2).map(coloured)];
}

function coloured(line: string): string {
  const color = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "reset";
  return `    ${styled(color, line)}`;
}
