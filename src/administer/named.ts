// The logins that the command line names.

import { printable } from "../console/output.ts";
import { readStat } from "../login/process.ts";
import type { Surveyed } from "../survey/survey.ts";
import { choose } from "./choose.ts";

/** The logins that the names mean, see `choose`. Throws if a name means no login. */
export function namedLogins(names: readonly string[], logins: readonly Surveyed[]): Surveyed[] {
  return choose(names, logins, (pid) => {
    const stat = readStat(pid);
    return stat && printable(stat.name);
  });
}
