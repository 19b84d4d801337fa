// The part of afkill.toml(5) that is made from the policy's own tables.
import { parse } from "smol-toml";
import { defaultPolicy } from "../../../src/policy/default.ts";
import { KEYS, type Key } from "../../../src/policy/keys.ts";
import { argument, prose } from "./roff.ts";

/** The default policy names every key at the top level with its default. What it names in tables is no default. */
const PRESETS = parse(defaultPolicy);

/** The keys at the top level, or in a table such as `rule.match`, each with its default at the top level. */
export function keyList(table: string): string[] {
  const prefix = table === "" ? "" : `${table}.`;
  const own = Object.entries(KEYS).filter(
    ([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes("."),
  );
  return [
    ".Bl -tag -width Ds",
    ...own
      // Tables have sections of their own.
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
  const preset = PRESETS[path];
  return [
    `.It Va ${argument(name)} No = Ar ${takes}`,
    ...prose(text),
    ...(preset === undefined ? [] : ["The default is", `.Li ${argument(shown(preset))} .`]),
  ];
}

/** As it stands in a policy. */
function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(shown).join(", ")}]` : JSON.stringify(value);
}
