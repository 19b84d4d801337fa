import { type PolicyFile, readPolicyFiles } from "./files.ts";
import { type GoodFile, mergePolicy } from "./merge.ts";
import { type Fault, type ParsedFile, parsePolicyFile } from "./parse.ts";
import type { Policy } from "./policy.ts";
import { formatKey, PolicyError, type Problem } from "./problems.ts";

/** Reads, checks and merges a policy: a main file and its drop-ins. Throws a PolicyError that lists every problem in all of them. */
export async function loadPolicy(path: string): Promise<Policy> {
  return policyIn(readPolicyFiles(path));
}

/** The policy in the texts of its files. Throws as `loadPolicy` does. */
export async function policyIn(files: readonly PolicyFile[]): Promise<Policy> {
  return mergePolicy(await goodFiles(files));
}

/** The files of a policy, read and checked, before they are merged. Throws as `loadPolicy` does. */
export async function loadFiles(path: string): Promise<GoodFile[]> {
  return goodFiles(readPolicyFiles(path));
}

async function goodFiles(texts: readonly PolicyFile[]): Promise<GoodFile[]> {
  const files = texts.map(parsePolicyFile);
  const good = files.filter((file): file is GoodFile => "content" in file);
  if (good.length === files.length) return good;
  throw new PolicyError((await Promise.all(files.map(problemsOf))).flat());
}

/** Every problem of a file, in the order of its lines; empty for a good file. */
export async function problemsOf(parsed: ParsedFile): Promise<Problem[]> {
  if ("content" in parsed) return [];
  const placeOf = await placesIn(parsed.text);
  return parsed.faults
    .map((fault) => ({
      file: parsed.file,
      ...placeOf(fault),
      key: formatKey(fault.path),
      message: fault.message,
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

async function placesIn(text: string): Promise<(fault: Fault) => Fault["place"]> {
  try {
    const { locator } = await import("./locate.ts");
    // This parser does not know the byte order mark; the parser of the policy skips it.
    const locate = locator(text.replace(/^\ufeff/, ""));
    return ({ path, place }) => place ?? locate(path);
  } catch {
    // A syntax error has its place already. If the place of another problem cannot be found, the problem still counts.
    return ({ place }) => place;
  }
}
