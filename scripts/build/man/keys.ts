// The part of afkill.toml(5) that is made from the policy's own tables.
import { KEYS, type Key } from "../../../src/policy/keys.ts";
import { LIMIT_KEYS } from "../../../src/policy/limits.ts";
import { DEFAULT_LIMITS } from "../../../src/policy/merge.ts";
import { limitValue, writtenValue } from "../../../src/policy/values.ts";
import { argument, prose } from "./roff.ts";

/** The keys at the top level, or in a table such as `rule.match`, each with its default at the top level. */
export function keyList(table: string): string[] {
  const prefix = table === "" ? "" : `${table}.`;
  const own = Object.entries(KEYS).filter(
    ([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes("."),
  );
  return [
    ".Bl -tag -width Ds",
    ...own
      // Tables have their own sections.
      .filter(([, { takes }]) => !takes.includes("table"))
      .flatMap(([path, key]) => item(path, path.slice(prefix.length), key)),
    ".El",
  ];
}

/** The sentences about one key. */
export function about(path: keyof typeof KEYS): string[] {
  return prose(KEYS[path].about);
}

function item(path: string, name: string, { takes, about: text }: Key): string[] {
  const limit = LIMIT_KEYS.find((key) => key === path);
  return [
    `.It Va ${argument(name)} No = Ar ${takes}`,
    ...prose(text),
    ...(limit
      ? ["The default is", `.Li ${argument(writtenValue(limitValue(DEFAULT_LIMITS, limit)))} .`]
      : []),
  ];
}
