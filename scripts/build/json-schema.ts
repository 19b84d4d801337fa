// The JSON Schema of one policy file, for editors. It is made from the schema that checks the policy. What JSON Schema cannot express (a
// sum of durations over ten years) is left to `afkill config check`.
import {
  type JsonSchema,
  type OverrideActionContext,
  type OverrideSchemaContext,
  toJsonSchema,
} from "@valibot/to-json-schema";
import { KEYS } from "../../src/policy/keys.ts";
import { LIMIT_KEYS } from "../../src/policy/limits.ts";
import { DEFAULT_LIMITS } from "../../src/policy/merge.ts";
import { schema } from "../../src/policy/schema.ts";
import { limitValue } from "../../src/policy/values.ts";

/** A JSON Schema (draft 7, which editors know). It accepts what the policy's own schema accepts, and describes every key. */
export function policyJsonSchema(): JsonSchema {
  const converted = toJsonSchema(schema, { errorMode: "ignore", overrideSchema, overrideAction });
  return { ...described(converted, []), title: "afkill policy", description: ABOUT };
}

const ABOUT =
  "One file of a policy of afkill: /etc/afkill/afkill.toml, or one of /etc/afkill/afkill.d/*.toml.";

const DURATION = duration();
const NO_TIME = { pattern: "^(?:0{1,9}[dhms])+$" };

const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const IPV6 = ipv6();
const NETWORK = `^!?(?:${IPV4}(?:/(?:3[0-2]|[12]?[0-9]))?|${IPV6}(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$`;

/** At least one of the four units, in their order. Without look-ahead, because some editors' regular expressions have none. */
function duration(): string {
  const part = (unit: string) => `[0-9]{1,9}${unit}`;
  const maybe = (...units: string[]) => units.map((unit) => `(?:${part(unit)})?`).join("");
  const smallest = [
    `${maybe("d", "h", "m")}${part("s")}`,
    `${maybe("d", "h")}${part("m")}`,
    `${maybe("d")}${part("h")}`,
    part("d"),
  ];
  return smallest.join("|");
}

/** The ways to write an IPv6 address that RFC 3986, appendix A, lists. */
function ipv6(): string {
  const h16 = "[0-9A-Fa-f]{1,4}";
  const ls32 = `(?:${h16}:${h16}|${IPV4})`;
  const before = (most: number) => `(?:(?:${h16}:){0,${most}}${h16})?`;
  const forms = [
    `(?:${h16}:){6}${ls32}`,
    `::(?:${h16}:){5}${ls32}`,
    ...[4, 3, 2, 1, 0].map((after, at) => `${before(at)}::(?:${h16}:){${after}}${ls32}`),
    `${before(5)}::${h16}`,
    `${before(6)}::`,
  ];
  return `(?:${forms.join("|")})`;
}

/** `table` in schema.ts first checks that the value is a table, then its keys. */
function overrideSchema({ valibotSchema, jsonSchema, errors }: OverrideSchemaContext): JsonSchema {
  if (valibotSchema.type === "custom") return {};
  if (errors) throw new Error(errors.join("; "));
  const { required, ...rest } = jsonSchema;
  return required?.length === 0 ? rest : jsonSchema;
}

/** The meaning of our own checks, which no converter can know. Transformations do not change what a file may say. */
function overrideAction({ valibotAction, jsonSchema, errors }: OverrideActionContext): JsonSchema {
  switch (valibotAction.type) {
    case "raw_check":
      return { ...jsonSchema, additionalProperties: false };
    case "raw_transform":
      return { ...jsonSchema, pattern: `^(?:off|${DURATION})$`, not: NO_TIME };
    case "finite":
      return { ...jsonSchema, pattern: `^(?:${DURATION})$` };
    case "check":
      return { ...jsonSchema, pattern: NETWORK };
    case "includes":
      return { type: "array", items: jsonSchema.items, contains: { const: "input" } };
    case "regex":
      // Our expressions have the flag `u`, which JSON Schema assumes, or mean the same with it. The converter only copies their source.
      return jsonSchema;
    case "transform":
      return jsonSchema;
    default:
      if (errors) throw new Error(errors.join("; "));
      return jsonSchema;
  }
}

/** Adds a description to every key, and the default to keys at the top level. `path`: the keys down to here, without list indexes. */
function described(part: JsonSchema, path: readonly string[]): JsonSchema {
  const { properties, items } = part;
  const entries = Object.entries(properties ?? {}).map(([key, value]) => {
    const below = [...path, key];
    const entry = asSchema(value);
    return [key, { ...described(entry, below), ...wordsOf(below), ...defaultOf(below) }] as const;
  });
  return {
    ...part,
    ...(properties && { properties: Object.fromEntries(entries) }),
    ...(items !== undefined && { items: described(asSchema(items), path) }),
  };
}

/** Keys of a rule have the descriptions of the top level. */
function wordsOf(path: readonly string[]): JsonSchema {
  const name = path.join(".").replace(/^rule\.(?!match)/, "");
  const key = Object.entries(KEYS).find(([key]) => key === name)?.[1];
  if (!key) throw new Error(`no words for the key ${name}`);
  return { description: key.about };
}

function defaultOf(path: readonly string[]): JsonSchema {
  const key = LIMIT_KEYS.find((limit) => limit === path.join("."));
  if (!key) return {};
  const value = limitValue(DEFAULT_LIMITS, key);
  return { default: typeof value === "object" ? [...value] : value };
}

function asSchema(part: NonNullable<JsonSchema["items"]>): JsonSchema {
  if (typeof part === "boolean" || Array.isArray(part)) throw new Error("expected one schema");
  return part as JsonSchema;
}
