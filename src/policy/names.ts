// Whether this host knows the names in a policy: an unknown name matches nobody, and nothing else would tell.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import type { GoodFile } from "./merge.ts";
import { locateIn } from "./origins.ts";
import { ascii, formatKey, type KeyPath, type Problem } from "./problems.ts";

/** A directory server that hangs must not block the caller for ever. */
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 << 20;
/** The default policy exempts this group. An administrator who wants it only has to create it. */
const OFFERED = "noidle";

type Kind = "user" | "group";

interface PolicyName {
  readonly kind: Kind;
  readonly name: string;
  readonly path: KeyPath;
  readonly file: GoodFile;
}

/** A warning for each user or group in a policy that this host does not know. The default policy's own group gets none. */
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
  const pattern = /[*?[\]!%@]/.test(name)
    ? "; a name is compared literally, patterns and negation do not work"
    : "";
  return `this host knows no ${kind} "${ascii(name)}", so it matches nobody${pattern}`;
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
 * Which of the wanted names of one kind the host knows, and whether the system answered for all of them. The host's own files are read
 * first, so the names in them are known even if a directory server hangs.
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
    // getent(1) prints what it finds. Its status is 2 if something was not found.
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    return { names: known.union(namesOf(code === 2 ? (stdout ?? "") : "")), answered: code === 2 };
  }
}

/** The first fields. getent takes a number as an id too, and then prints an entry with another name. */
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
