// The logins that somebody names on the command line.
import { choose } from "../administer/choose.ts";
import { readStat } from "../login/process.ts";
import type { Surveyed } from "../survey/survey.ts";
import { printable } from "./output.ts";

/** The logins that the names mean, see `choose`. Throws for a name that means none. */
export function namedLogins(names: readonly string[], logins: readonly Surveyed[]): Surveyed[] {
  return choose(names, logins, (pid) => {
    const stat = readStat(pid);
    return stat && printable(stat.name);
  });
}
