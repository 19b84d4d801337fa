// The logins that somebody names on the command line.

import { printable } from "../console/output.ts";
import { readStat } from "../login/process.ts";
import type { Surveyed } from "../survey/survey.ts";
import { choose } from "./choose.ts";

/** The logins that the names mean, see `choose`. Throws for a name that means none. */
export function namedLogins(names: readonly string[], logins: readonly Surveyed[]): Surveyed[] {
  return choose(names, logins, (pid) => {
    const stat = readStat(pid);
    return stat && printable(stat.name);
  });
}
