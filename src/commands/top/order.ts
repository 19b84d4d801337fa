// Which logins `afkill top` shows, and in which order. Pure.
import { idleSecondsOf } from "../../survey/rows.ts";
import type { Entry } from "./entry.ts";

export type SortKey = "idle" | "user" | "time" | "cpu" | "left";

const ORDERS: Readonly<Record<SortKey, (a: Entry, b: Entry) => number>> = {
  idle: (a, b) => (idleSecondsOf(b.row) ?? -1) - (idleSecondsOf(a.row) ?? -1),
  user: (a, b) => a.row.user.localeCompare(b.row.user),
  time: (a, b) => Date.parse(a.row.loginTime) - Date.parse(b.row.loginTime),
  cpu: (a, b) => (b.cpuPercent ?? -1) - (a.cpuPercent ?? -1),
  // Infinity minus Infinity is NaN.
  left: (a, b) => (leftOf(a) === leftOf(b) ? 0 : leftOf(a) - leftOf(b)),
};

/** Sorts: longest idle, user, oldest login, most CPU, or least time left first. Equal entries keep their order. */
export function sorted(entries: readonly Entry[], by: SortKey): Entry[] {
  return entries.toSorted(ORDERS[by]);
}

function leftOf({ lines }: Entry): number {
  return Math.min(...lines.map(({ leftSeconds }) => leftSeconds ?? Number.POSITIVE_INFINITY));
}

/** The entries that show the text in any column; upper and lower case are the same. */
export function filtered(entries: readonly Entry[], text: string): Entry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...entries];
  return entries.filter(({ row }) =>
    [
      row.user,
      row.client ?? "",
      row.state,
      String(row.sshdPid),
      ...row.subjects.flatMap(({ terminal, foreground }) => [terminal ?? "", foreground?.name ?? ""]),
    ].some((value) => value.toLowerCase().includes(wanted)),
  );
}
