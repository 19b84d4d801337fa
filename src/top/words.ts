// The lines above and below the table of `afkill top`. Pure.
import type { Entry } from "./entry.ts";
import type { TopState } from "./keys.ts";

const HELP = "e end  n notice  / filter  sort: i idle u user t time c cpu l left  q quit";
const SHORT_HELP = "e end n notice / find iutcl sort q quit";

/** How many logins there are, in which states, and what is shown of them. `entries`: all of them, `undefined` before the first look. */
export function titleOf(entries: readonly Entry[] | undefined, shown: number, state: TopState): string {
  if (!entries) return "afkill top: looking...";
  const counts = Map.groupBy(entries, ({ row }) => row.state);
  const states = [...counts].map(([name, them]) => `${them.length} ${name}`).sort();
  const logins = `${entries.length} ${entries.length === 1 ? "login" : "logins"}`;
  const filter = state.filter === "" ? [] : [`${shown} match "${state.filter}"`];
  return [`afkill top: ${logins}`, `by ${state.sort}`, ...filter, ...states].join(", ");
}

/** What is asked, what came of it, or the keys. */
export function footerOf(state: TopState, selected: Entry | undefined, columns: number): string {
  switch (state.mode) {
    case "end": {
      if (!selected || selected.key !== state.selected) return "that login has ended; press a key";
      const { user, sshdPid, subjects } = selected.row;
      const terminals = subjects.flatMap(({ terminal }) => terminal ?? []).join(" ");
      // The question first: the rest may be cut.
      return `End it (y/n)? ${user}, sshd ${sshdPid}${terminals === "" ? "" : `, ${terminals}`}`;
    }
    case "notice":
      return `Notice to ${selected?.row.user ?? ""}: ${state.draft}_`;
    case "filter":
      return `Filter: ${state.filter}_`;
    case "list":
      return state.message || (columns < HELP.length ? SHORT_HELP : HELP);
  }
}
