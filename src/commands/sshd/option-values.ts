// Values of the options of `afkill sshd apply`.

import { InvalidArgumentError } from "commander";
import { parseDuration } from "../../text/duration.ts";
import { reasonOf } from "../../text/reason-of.ts";

/** Seconds, 0 for `off`. */
export function seconds(text: string): number {
  try {
    const ms = parseDuration(text);
    return ms === Number.POSITIVE_INFINITY ? 0 : ms / 1000;
  } catch (error) {
    throw new InvalidArgumentError(reasonOf(error));
  }
}

/** A number of things, 0 and up. */
export function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

/** One value on one line: anything more would become a setting of its own in sshd's configuration. Throws commander's error. */
export function oneLine(text: string): string {
  const value = text.trim().replace(/ +/g, " ");
  if (!/^[!-~]+( [!-~]+)*$/.test(value) || /[#"'\\]/.test(value))
    throw new InvalidArgumentError("Expected types and times such as 'session:*=1h direct-tcpip=10m'.");
  return value;
}
