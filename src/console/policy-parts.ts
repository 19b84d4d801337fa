// Parts of a policy that several commands show: places and limits.
import { LIMIT_KEYS, type LimitKey } from "../policy/limits.ts";
import type { LimitOrigins, Origin } from "../policy/origins.ts";
import type { Limits } from "../policy/policy.ts";
import { limitSeconds, limitValue, spokenValue } from "../policy/values.ts";
import { printable } from "./output.ts";
import { tableOf } from "./table.ts";

/** A place for people, in the form of compilers and editors: `FILE:LINE`; `default` if no file set the value. */
export function placeText(origin: Origin | undefined): string {
  return origin ? printable(`${origin.file}:${origin.line}`) : "default";
}

/** A place for programs; `null` for the default. */
export function placeJson(origin: Origin | undefined) {
  return origin ? { file: origin.file, line: origin.line, column: origin.column } : null;
}

/** Some limits for people, each with the place that set it. */
export function limitTable(
  limits: Limits,
  origins: LimitOrigins,
  keys: readonly LimitKey[],
  columns: number | undefined,
): string {
  const rows = keys.map((key) => [key, spokenValue(limitValue(limits, key)), placeText(origins[key])]);
  return tableOf(["KEY", "VALUE", "SET BY"], rows, columns);
}

/** All limits for programs, each with the place that set it. */
export function limitsJson(limits: Limits, origins: LimitOrigins) {
  const entries = LIMIT_KEYS.map((key) => {
    const value = limitValue(limits, key);
    return [key, { value, valueSeconds: limitSeconds(limits, key), setBy: placeJson(origins[key]) }] as const;
  });
  return Object.fromEntries(entries);
}
