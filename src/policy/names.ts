// Whether this host knows the names in a policy: an unknown name fits nobody, and nothing else would tell.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { hostNames } from "../system/host-names.ts";
import { isForHost } from "./match.ts";
import type { GoodFile } from "./merge.ts";
import { locateIn } from "./origins.ts";
import { fitsPattern, isNegated, isWild, positive } from "./pattern.ts";
import { ascii, formatKey, type KeyPath, type Problem } from "./problems.ts";

/** A directory server that hangs must not block the caller for ever. */
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 64 << 20;
/** The default policy exempts this group. An administrator who wants it only has to create it. */
const OFFERED = "noidle";

type Kind = "user" | "group";
/** The databases of getent(1), and the host's own files in /etc. */
const DATABASES = { user: "passwd", group: "group" } as const;
type Database = (typeof DATABASES)[Kind];

interface PolicyName {
  readonly kind: Kind;
  /** As the policy has it: a name or a pattern, perhaps an exception. */
  readonly entry: string;
  /** The same without negation. */
  readonly name: string;
  readonly path: KeyPath;
  readonly file: GoodFile;
}

/**
 * A warning for each user or group in a policy that this host does not know, and for each pattern that fits none of its own files' names. The
 * default policy's own group gets none, and neither do rules for other hosts.
 */
export async function unknownNames(files: readonly GoodFile[], timeoutMs = TIMEOUT_MS): Promise<Problem[]> {
  const hosts = hostNames();
  const all = files.flatMap((file) => namesIn(file, hosts));
  const known = {
    user: await knownTo("passwd", all, timeoutMs),
    group: await knownTo("group", all, timeoutMs),
  };
  const locators = new Map(
    await Promise.all(files.map(async (file) => [file, await locateIn(file)] as const)),
  );
  return all.flatMap((it) => {
    const { names, answered } = known[it.kind];
    if (isKnown(it.name, names)) return [];
    const { path, file } = it;
    const { file: where = file.file, line = 1, column = 1 } = locators.get(file)?.(path) ?? {};
    const message = answered || isWild(it.name) ? unknown(it) : untold(it, timeoutMs);
    return [{ file: where, line, column, key: formatKey(path), message }];
  });
}

function isKnown(name: string, known: ReadonlySet<string>): boolean {
  return isWild(name) ? [...known].some((it) => fitsPattern(it, name)) : known.has(name);
}

function unknown({ kind, entry, name }: PolicyName): string {
  const so = isNegated(entry) ? `"${ascii(entry)}" excepts nobody` : "it matches nobody";
  if (isWild(name))
    return `no ${kind} in /etc/${DATABASES[kind]} fits "${ascii(name)}", so ${so}, unless a directory has one: those are not searched`;
  const comma = name.includes(",") ? "; each name is an entry of its own" : "";
  return `this host knows no ${kind} "${ascii(name)}", so ${so}${comma}`;
}

function untold({ kind, name }: PolicyName, timeoutMs: number): string {
  return `whether there is a ${kind} "${ascii(name)}" is not known: getent gave no answer in ${timeoutMs / 1000} s`;
}

function namesIn(file: GoodFile, hosts: readonly string[]): PolicyName[] {
  const { exempt, rule = [] } = file.content;
  const list = (kind: Kind, names: readonly string[] | undefined, path: KeyPath): PolicyName[] =>
    (names ?? []).map((entry, index) => ({
      kind,
      entry,
      name: positive(entry),
      path: [...path, index],
      file,
    }));
  return [
    ...list("user", exempt?.users, ["exempt", "users"]),
    ...list("group", exempt?.groups, ["exempt", "groups"]).filter(({ name }) => name !== OFFERED),
    ...rule.flatMap(({ match }, index) =>
      isForHost(match.hosts, hosts)
        ? [
            ...list("user", match.users, ["rule", index, "match", "users"]),
            ...list("group", match.groups, ["rule", index, "match", "groups"]),
          ]
        : [],
    ),
  ];
}

/**
 * Which of the wanted names of one kind the host knows, and whether the system answered for all of them. The host's own files are read
 * first, so the names in them are known even if a directory server hangs.
 */
async function knownTo(
  database: Database,
  all: readonly PolicyName[],
  timeoutMs: number,
): Promise<{ readonly names: Set<string>; readonly answered: boolean }> {
  const wanted = all
    .filter(({ kind }) => DATABASES[kind] === database)
    .map(({ name }) => name)
    // A pattern would need the whole directory.
    .filter((name) => !isWild(name));
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
