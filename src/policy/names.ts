// The names that a policy gives, and whether this host knows them: one that it does not know fits nobody, without a word.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { GoodFile } from "./merge.ts";
import { locateIn } from "./origins.ts";
import { ascii, formatKey, type KeyPath, type Problem } from "./problems.ts";

/** A directory server that hangs must not hold up whoever asks for ever. */
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 << 20;
/** The default policy exempts it, so that an administrator who wants such a group need only make it. */
const OFFERED = "noidle";

type Kind = "user" | "group";

interface PolicyName {
  readonly kind: Kind;
  readonly name: string;
  readonly path: KeyPath;
  readonly file: GoodFile;
}

/** A warning for each name of a user or a group in a policy that this host does not know. The default policy's own group gets none. */
export async function unknownNames(files: readonly GoodFile[], timeoutMs = TIMEOUT_MS): Promise<Problem[]> {
  const all = files.flatMap(namesIn);
  const known = {
    user: await knownTo("passwd", all, timeoutMs),
    group: await knownTo("group", all, timeoutMs),
  };
  const locators = new Map(
    await Promise.all(files.map(async (file) => [file, await locateIn(file)] as const)),
  );
  return all.flatMap(({ kind, name, path, file }) => {
    const { names, answered } = known[kind];
    if (names.has(name)) return [];
    const { file: where = file.file, line = 1, column = 1 } = locators.get(file)?.(path) ?? {};
    const message = answered ? unknown(kind, name) : untold(kind, name, timeoutMs);
    return [{ file: where, line, column, key: formatKey(path), message }];
  });
}

function unknown(kind: Kind, name: string): string {
  const pattern = /[*?[\]!%@]/.test(name) ? "; a name is taken as it stands, no pattern and no negation" : "";
  return `this host knows no ${kind} "${ascii(name)}", so it fits nobody${pattern}`;
}

function untold(kind: Kind, name: string, timeoutMs: number): string {
  return `whether there is a ${kind} "${ascii(name)}" is not known: getent gave no answer in ${timeoutMs / 1000} s`;
}

function namesIn(file: GoodFile): PolicyName[] {
  const { exempt, rule = [] } = file.content;
  const list = (kind: Kind, names: readonly string[] | undefined, path: KeyPath): PolicyName[] =>
    (names ?? []).map((name, index) => ({ kind, name, path: [...path, index], file }));
  return [
    ...list("user", exempt?.users, ["exempt", "users"]),
    ...list("group", exempt?.groups, ["exempt", "groups"]).filter(({ name }) => name !== OFFERED),
    ...rule.flatMap(({ match }, index) => [
      ...list("user", match.users, ["rule", index, "match", "users"]),
      ...list("group", match.groups, ["rule", index, "match", "groups"]),
    ]),
  ];
}

/**
 * The names of one kind that the host knows, of those that are asked for, and whether the system gave an answer about all of them. The
 * host's own files are read first: who is in them is known, though a directory hang.
 */
async function knownTo(
  database: "passwd" | "group",
  all: readonly PolicyName[],
  timeoutMs: number,
): Promise<{ readonly names: Set<string>; readonly answered: boolean }> {
  const wanted = all
    .filter(({ kind }) => (kind === "user") === (database === "passwd"))
    .map(({ name }) => name);
  const known = namesOf(textOf(`/etc/${database}`));
  const others = [...new Set(wanted)].filter((name) => !known.has(name));
  if (others.length === 0) return { names: known, answered: true };
  try {
    const { stdout } = await promisify(execFile)("/usr/bin/getent", [database, "--", ...others], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      cwd: "/",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    });
    return { names: known.union(namesOf(stdout)), answered: true };
  } catch (error) {
    // It prints what it finds, and has a status of 2 when something was not found (getent(1)).
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    return { names: known.union(namesOf(code === 2 ? (stdout ?? "") : "")), answered: code === 2 };
  }
}

/** The first fields: a number is asked for as an id too, and an entry that has it answers to another name. */
function namesOf(entries: string): Set<string> {
  return new Set(entries.split("\n").map((line) => line.split(":", 1)[0] ?? ""));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
