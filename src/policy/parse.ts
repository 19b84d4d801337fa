import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import type { PolicyFile } from "./files.ts";
import { ascii, type KeyPath } from "./problems.ts";
import { type FileContent, schema } from "./schema.ts";

/** One problem in a file. Its place is found from its key; a syntax error has its place already. */
export interface Fault {
  readonly path: KeyPath;
  readonly message: string;
  readonly place?: { readonly line: number; readonly column: number };
}

export type ParsedFile =
  | { readonly file: string; readonly text: string; readonly content: FileContent }
  | { readonly file: string; readonly text: string; readonly faults: readonly Fault[] };

/** Parses and checks one file. Returns its content, or every problem in it. */
export function parsePolicyFile(source: PolicyFile): ParsedFile {
  const { file } = source;
  if ("refusal" in source) return { file, text: "", faults: [{ path: [], message: source.refusal }] };
  const { text } = source;
  try {
    const result = v.safeParse(schema, parse(text));
    if (result.success) return { file, text, content: result.output };
    return { file, text, faults: result.issues.map(faultOf) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // The message goes on with a drawing of the place, which needs several lines: only its first line is used.
    const message = ascii(error.message.split("\n", 1)[0] ?? "", 200);
    return { file, text, faults: [{ path: [], message, place: { line, column } }] };
  }
}

function faultOf({ path, message }: v.BaseIssue<unknown>): Fault {
  return { path: path?.map(({ key }) => (typeof key === "number" ? key : String(key))) ?? [], message };
}
