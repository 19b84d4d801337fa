// A policy with the place that set each part of it. For people, never for a check: a check does not need the slower parser.
import { LIMIT_KEYS, type LimitKey } from "./limits.ts";
import { loadFiles } from "./load.ts";
import type { TomlPlace } from "./locate.ts";
import { type GoodFile, hasExemptMaxLogin, inOrderOfRules, mergePolicy } from "./merge.ts";
import type { Policy } from "./policy.ts";
import type { KeyPath } from "./problems.ts";

/** Where something was set. Line and column count from 1. */
export interface Origin extends TomlPlace {
  readonly file: string;
}

/** The place of each key; no entry for a key that has its default. */
export type LimitOrigins = Readonly<Partial<Record<LimitKey, Origin>>>;

/** The places of the parts of a `Policy`. The lists have the same order. */
export interface Origins {
  readonly base: LimitOrigins;
  readonly exempt: {
    readonly users: readonly Origin[];
    readonly groups: readonly Origin[];
    readonly maxLogin?: Origin | undefined;
  };
  readonly rules: readonly RuleOrigins[];
}

export interface RuleOrigins {
  readonly at: Origin;
  /** The keys that the rule sets itself. */
  readonly own: LimitOrigins;
  /** All keys of the rule. A key that it leaves out has the place of the top level. */
  readonly all: LimitOrigins;
}

/** Loads a policy as `loadPolicy` does, and also returns where each part was set. Throws as `loadPolicy` does. */
export async function loadWithOrigins(path: string): Promise<{ policy: Policy; origins: Origins }> {
  const files = await loadFiles(path);
  return { policy: mergePolicy(files), origins: await originsOf(files) };
}

type Locate = (path: KeyPath) => Origin;

async function originsOf(files: readonly GoodFile[]): Promise<Origins> {
  const located = await Promise.all(
    files.map(async (file) => ({ content: file.content, locate: await locateIn(file) })),
  );
  const base = Object.assign({}, ...located.map(({ content, locate }) => limitOrigins(content, [], locate)));
  const exempt = (list: "users" | "groups") =>
    located.flatMap(({ content, locate }) =>
      (content.exempt?.[list] ?? []).map((_, index) => locate(["exempt", list, index])),
    );
  const maxLogin = located.findLast(hasExemptMaxLogin)?.locate(["exempt", "max_login"]);
  const rules = inOrderOfRules(located).flatMap(({ content, locate }) =>
    (content.rule ?? []).map((rule, index) => {
      const own = limitOrigins(rule, ["rule", index], locate);
      return { at: locate(["rule", index]), own, all: { ...base, ...own } };
    }),
  );
  return { base, exempt: { users: exempt("users"), groups: exempt("groups"), maxLogin }, rules };
}

/** Returns a function that finds the keys of a file. The parser for it is loaded only now: most commands do not need it. */
export async function locateIn({ file, text }: GoodFile): Promise<Locate> {
  const { locator } = await import("./locate.ts");
  const locate = locator(text);
  // If the parser of positions misses a key, the key is still in this file.
  return (path) => ({ file, ...(locate(path) ?? { line: 1, column: 1 }) });
}

function limitOrigins(
  keys: Readonly<Partial<Record<LimitKey, unknown>>>,
  table: KeyPath,
  locate: Locate,
): LimitOrigins {
  const set = LIMIT_KEYS.filter((key) => keys[key] !== undefined);
  return Object.fromEntries(set.map((key) => [key, locate([...table, key])]));
}
