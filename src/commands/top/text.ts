// The lines above and below the table of `afkill top`. Pure.
import type { Entry } from "./entry.ts";
import { KEEP_FOR, type Question, type TopState } from "./keys.ts";

const SHORT_HELP = "e end k keep lu lock n note IUTCL q quit";
/** The longest one that fits is shown. */
const HELPS = [
  "e end  k keep  l lock  u unlock  n notice  / find  sort I idle U user T time C cpu L left  q quit",
  "e end  k keep  l lock  u unlock  n notice  / find  I U T C L sort  q quit",
];
const QUESTIONS: Readonly<Record<Question, string>> = {
  end: "End it",
  lock: "Lock it",
  unlock: "Unlock it",
};
const GONE = "that login has ended; press Escape";

/** How many logins there are, in which states, and which are shown. `entries`: all of them; `undefined` before the first look. */
export function titleOf(entries: readonly Entry[] | undefined, shown: number, state: TopState): string {
  if (!entries) return "afkill top: looking...";
  const counts = Map.groupBy(entries, ({ row }) => row.state);
  const states = [...counts].map(([name, them]) => `${them.length} ${name}`).sort();
  const logins = `${entries.length} ${entries.length === 1 ? "login" : "logins"}`;
  const filter = state.filter === "" ? [] : [`${shown} match "${state.filter}"`];
  return [`afkill top: ${logins}`, `by ${state.sort}`, ...filter, ...states].join(", ");
}

/** The question, the result of the last command, or the keys. */
export function footerOf(state: TopState, selected: Entry | undefined, columns: number): string {
  if (state.mode === "list")
    return state.message || (HELPS.find(({ length }) => length <= columns) ?? SHORT_HELP);
  if (state.mode === "filter") return `Filter: ${state.filter}_`;
  if (!selected || selected.key !== state.selected) return GONE;
  const { user, sshdPid, subjects } = selected.row;
  switch (state.mode) {
    case "end":
    case "lock":
    case "unlock": {
      const terminals = subjects.flatMap(({ terminal }) => terminal ?? []).join(" ");
      // The question comes first, because the rest may be cut.
      return `${QUESTIONS[state.mode]} (y/n)? ${user}, sshd ${sshdPid}${terminals === "" ? "" : `, ${terminals}`}`;
    }
    case "keep":
      return `Keep ${user} for (${KEEP_FOR}): ${state.draft}_`;
    case "notice":
      return `Notice to ${user}: ${state.draft}_`;
  }
}
