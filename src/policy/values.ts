// Values of a policy, in the forms that files and programs need.
import { formatDuration } from "../text/duration.ts";
import { type Kinds, LIMITS, type LimitKey, type Limits } from "./limits.ts";

export type Value = string | number | boolean | readonly string[];

/** The value of a key as a file would write it: `15m`, `off`, a list, a text, a number. */
export function limitValue(limits: Limits, key: LimitKey): Value {
  const { field, kind } = LIMITS[key];
  const value = limits[field];
  if (typeof value === "number") return kind === "count" ? value : formatDuration(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  return value.map((item) => (typeof item === "number" ? formatDuration(item) : item));
}

/** The value of a key in seconds, `null` for off; `undefined` for a key that holds no duration. */
export function limitSeconds(limits: Limits, key: LimitKey): number | null | readonly number[] | undefined {
  const { field, kind } = LIMITS[key];
  const value = limits[field];
  if (kind === "duration") return Number.isFinite(value) ? (value as Kinds["duration"]) / 1000 : null;
  return kind === "notices" ? (value as Kinds["notices"]).map((ms) => ms / 1000) : undefined;
}

/** A value as one line of a policy. */
export function writtenValue(value: Value): string {
  return typeof value === "object" ? `[${value.map(writtenValue).join(", ")}]` : JSON.stringify(value);
}

/** A value for people: lists without brackets, a dash for an empty value. */
export function spokenValue(value: Value): string {
  const text = typeof value === "object" ? value.join(", ") : String(value);
  return text === "" ? "-" : text;
}
